"""Sealed fields: AES-256-GCM bound to the tenant and place where they are stored."""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tekup.crypto.keys import MasterKey
from tekup.errors import SettingError

_VERSION = b"\x01"
_NONCE_BYTES = 12


def seal(key: MasterKey, tenant_id: UUID, place: str, clear: str) -> bytes:
    """Encrypt ``clear`` for one tenant and place (such as "connections.credential:stripe")."""
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(key.derive("field", str(tenant_id)))
    return _VERSION + nonce + cipher.encrypt(nonce, clear.encode(), _bind(tenant_id, place))


def unseal(key: MasterKey, tenant_id: UUID, place: str, sealed: bytes) -> str:
    """Decrypt what `seal` made for the same tenant and place.

    Raises:
        SettingError: another master key sealed it, or it was moved or altered.
    """
    nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    cipher = AESGCM(key.derive("field", str(tenant_id)))
    try:
        return cipher.decrypt(nonce, body, _bind(tenant_id, place)).decode()
    except InvalidTag:
        raise SettingError(
            f"the stored secret {place} of tenant {tenant_id} can't be opened",
            hint="set TEKUP_MASTER_KEY to the key that sealed it, or store it anew with `tekup connect`",
        ) from None


def _bind(tenant_id: UUID, place: str) -> bytes:
    return f"{tenant_id}\x1f{place}\x1f{_VERSION.hex()}".encode()
