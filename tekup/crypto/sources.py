"""Where the master key is kept: services that hold a key of their own and open ours with it."""

import base64
import importlib
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tekup.errors import SettingError


class KeySource(Protocol):
    """Opens and closes the file that holds the master key; the file is worthless without the source."""

    def unwrap(self, path: Path) -> str:
        """Return the keys, as they are written, that lie closed in a file.

        Raises:
            SettingError: the file is missing, or the source does not open it.
        """

    def wrap(self, keys: str) -> bytes:
        """Return what the file is to hold for these keys."""


class AwsKms:
    """A customer-managed key of AWS KMS. The credentials and region are boto3's own affair."""

    def __init__(self, key_id: str, client: Any = None) -> None:
        self._key_id = key_id
        self._client = client or self._connect()

    def unwrap(self, path: Path) -> str:
        try:
            closed = base64.b64decode(path.read_bytes())
            opened = self._client.decrypt(CiphertextBlob=closed, KeyId=self._key_id, EncryptionContext=_CONTEXT)
        except Exception as error:
            # the SDK's own errors are many; whatever the reason, there is no key
            raise SettingError(
                f"AWS KMS does not open {path}: {type(error).__name__}",
                hint="check TEKUP_MASTER_KEY_SOURCE, AWS's credentials and region; `tekup keys wrap` makes the file",
            ) from None
        text: str = opened["Plaintext"].decode()
        return text

    def wrap(self, keys: str) -> bytes:
        closed = self._client.encrypt(KeyId=self._key_id, Plaintext=keys.encode(), EncryptionContext=_CONTEXT)
        return base64.b64encode(closed["CiphertextBlob"])

    def _connect(self) -> Any:
        try:
            boto3 = importlib.import_module("boto3")
        except ImportError:
            raise SettingError("AWS KMS needs boto3, which is not installed", hint="pip install boto3") from None
        return boto3.client("kms")


_CONTEXT = {"purpose": "tekup master key"}


def open_source(address: str) -> KeySource:
    """The source of an address such as ``aws-kms://alias/tekup``.

    Raises:
        SettingError: there is no such kind of source.
    """
    parts = urlsplit(address)
    if parts.scheme == "aws-kms" and parts.netloc + parts.path:
        return AwsKms(parts.netloc + parts.path)
    raise SettingError(f"unknown master key source {address!r}", hint="local, or aws-kms://<key id or alias/name>")
