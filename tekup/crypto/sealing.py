"""Sealed fields: AES-256-GCM bound to the tenant and place where they are stored."""

import os
from typing import NoReturn
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tekup.crypto.keys import MasterKey
from tekup.errors import SettingError

NO_TENANT = UUID(int=0)
"""Stands for the tenant of a secret that belongs to none: it has no data key, and is sealed by a derived one."""
DERIVED, ENVELOPE = 1, 2
"""First byte of a sealed value: by a key that derives from the master key, or by one of the tenant's data keys."""
_NONCE_BYTES = 12
_VERSION_BYTES = 4


def seal(key: MasterKey, tenant_id: UUID, place: str, clear: str) -> bytes:
    """Encrypt ``clear`` for one tenant and place: table, column and row, such as "connections.credential:stripe"."""
    nonce = os.urandom(_NONCE_BYTES)
    if key.data_keys is None or tenant_id == NO_TENANT:
        cipher, head = AESGCM(key.derive("field", str(tenant_id))), bytes([DERIVED])
    else:
        data_key = key.data_keys.newest(tenant_id)
        cipher = AESGCM(data_key.secret)
        head = bytes([ENVELOPE]) + data_key.version.to_bytes(_VERSION_BYTES, "big")
    return head + nonce + cipher.encrypt(nonce, clear.encode(), _bind(tenant_id, place, head))


def unseal(key: MasterKey, tenant_id: UUID, place: str, sealed: bytes) -> str:
    """Decrypt what `seal` made for the same tenant and place.

    Raises:
        SettingError: another master key sealed it, or it was moved or altered.
    """
    head = sealed[: 1 + _VERSION_BYTES] if sealed[:1] == bytes([ENVELOPE]) else sealed[:1]
    nonce, body = sealed[len(head) : len(head) + _NONCE_BYTES], sealed[len(head) + _NONCE_BYTES :]
    for secret in _secrets(key, tenant_id, place, head):
        try:
            return AESGCM(secret).decrypt(nonce, body, _bind(tenant_id, place, head)).decode()
        except (InvalidTag, ValueError):
            continue
    _refuse(tenant_id, place)


def version_of(sealed: bytes) -> int:
    """The version of the data key that a value was sealed with; 0 for one by a derived key."""
    return int.from_bytes(sealed[1 : 1 + _VERSION_BYTES], "big") if sealed[:1] == bytes([ENVELOPE]) else 0


def _secrets(key: MasterKey, tenant_id: UUID, place: str, head: bytes) -> list[bytes]:
    """The keys that may have sealed a value with this head."""
    if head == bytes([DERIVED]):
        return [one.derive("field", str(tenant_id)) for one in (key, *key.previous)]
    if key.data_keys is None or len(head) != 1 + _VERSION_BYTES:
        _refuse(tenant_id, place)
    return [key.data_keys.version(tenant_id, int.from_bytes(head[1:], "big")).secret]


def _bind(tenant_id: UUID, place: str, head: bytes) -> bytes:
    return f"{tenant_id}\x1f{place}\x1f{head.hex()}".encode()


def _refuse(tenant_id: UUID, place: str) -> NoReturn:
    raise SettingError(
        f"the stored secret {place} of tenant {tenant_id} can't be opened",
        hint="set TEKUP_MASTER_KEY to the key that sealed it, or store it anew with `tekup connect`",
    ) from None


def seal_by(secret: bytes, tenant_id: UUID, place: str, clear: bytes) -> bytes:
    """Encrypt by a key at hand, such as a person's own."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, clear, _bind(tenant_id, place, b""))


def unseal_by(secret: bytes, tenant_id: UUID, place: str, sealed: bytes) -> bytes:
    """Decrypt what `seal_by` made for the same tenant and place.

    Raises:
        SettingError: another key sealed it, or it was moved or altered.
    """
    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bind(tenant_id, place, b""))
    except InvalidTag:
        _refuse(tenant_id, place)
