"""The master key and what derives from it. Where derived keys are used is not decided here."""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tekup.errors import SettingError
from tekup.settings import Settings


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """32 random bytes. Every other key derives from it by HKDF-SHA256 (RFC 5869) with its own label."""

    secret: bytes

    def derive(self, *label: str) -> bytes:
        """A 32-byte key for one purpose, such as ("credential", tenant id)."""
        return HKDF(hashes.SHA256(), 32, salt=None, info="\x1f".join(label).encode()).derive(self.secret)

    def role_password(self, login: str) -> str:
        """The password of a database login role."""
        return base64.urlsafe_b64encode(self.derive("database role", login)).decode().rstrip("=")


def load_master_key(settings: Settings) -> MasterKey:
    """The key from the setting, or from a private file in TEKUP_HOME that is made once.

    Raises:
        SettingError: the key is not 32 bytes of Base64.
    """
    if settings.master_key is not None:
        return MasterKey(_decode(settings.master_key.get_secret_value(), "TEKUP_MASTER_KEY"))
    path = settings.home_path / "master.key"
    if not path.exists():
        _make(path)
    return MasterKey(_decode(path.read_text(), str(path)))


def _make(path: Path) -> None:
    """Write a new key whole or not at all; of two processes at once, the first one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(32)))
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def _decode(text: str, name: str) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != 32:
        raise SettingError(
            f"{name} is not the Base64 of 32 bytes",
            hint="make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'",
        )
    return secret
