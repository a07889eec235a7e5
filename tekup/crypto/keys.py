"""The master key and what derives from it. Where derived keys are used is not decided here."""

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tekup.errors import SettingError
from tekup.settings import Settings

if TYPE_CHECKING:
    from tekup.crypto.data_keys import DataKeys

FILE = "master.key"


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """32 random bytes. Every other key derives from it by HKDF-SHA256 (RFC 5869) with its own label, or is random and
    wrapped by one that does.

    ``previous`` are the master keys before this one: they open what they closed, and close nothing any more.
    ``data_keys`` are the tenants' own keys; a master key without them seals by keys that derive from itself.
    """

    secret: bytes
    previous: tuple["MasterKey", ...] = ()
    data_keys: "DataKeys | None" = field(default=None, compare=False)

    def derive(self, *label: str) -> bytes:
        """A 32-byte key for one purpose, such as ("credential", tenant id)."""
        return HKDF(hashes.SHA256(), 32, salt=None, info="\x1f".join(label).encode()).derive(self.secret)

    @property
    def name(self) -> str:
        """What tells this key from another without telling the key."""
        return self.derive("name of the key")[:8].hex()

    def role_password(self, login: str) -> str:
        """The password of a database login role."""
        return base64.urlsafe_b64encode(self.derive("database role", login)).decode().rstrip("=")


def load_master_key(settings: Settings) -> MasterKey:
    """The key from the setting, from a KMS, or from a private file in TEKUP_HOME that is made once.

    The setting and the file may hold several keys, one a line or comma: the first is the key, the others were before.

    Raises:
        SettingError: a key is not 32 bytes of Base64, or the KMS does not open it.
    """
    if settings.master_key is not None:
        return _decode(settings.master_key.get_secret_value(), "TEKUP_MASTER_KEY")
    path = settings.home_path / FILE
    if settings.master_key_source != "local":
        from tekup.crypto.sources import open_source

        return _decode(open_source(settings.master_key_source).unwrap(path), settings.master_key_source)
    if not path.exists():
        write_key_file(path, [new_key()])
    return _decode(path.read_text(), str(path))


def new_key() -> str:
    """A new master key, as it is written."""
    return base64.b64encode(os.urandom(32)).decode()


def write_key_file(path: Path, keys: list[str], *, replace: bool = False) -> None:
    """Write keys whole or not at all; unless ``replace``, of two processes at once the first one's file stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(keys))
        file.flush()
        os.fsync(descriptor)
    if replace:
        os.replace(temporary, path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def read_key_file(path: Path) -> list[str]:
    """The keys of a file, the present one first."""
    return [line for line in path.read_text().splitlines() if line.strip()]


def _decode(text: str, name: str) -> MasterKey:
    secrets = [_decode_one(part, name) for part in text.replace(",", "\n").split("\n") if part.strip()]
    if not secrets:
        secrets = [_decode_one(text, name)]
    return MasterKey(secrets[0], tuple(MasterKey(secret) for secret in secrets[1:]))


def _decode_one(text: str, name: str) -> bytes:
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
