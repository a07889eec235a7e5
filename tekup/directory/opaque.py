"""Opaque secrets for programs and links. Whoever stores one stores its hash.

Their text carries tenant and id, so that a look-up needs no view across tenants.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from uuid import UUID

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opaque:
    """What an opaque secret's text says."""

    tenant_id: UUID
    id: UUID
    secret_hash: bytes


def make_opaque(prefix: str, tenant_id: UUID, identifier: UUID) -> tuple[str, bytes]:
    """The text, which is stored nowhere, and the SHA-256 of its 256 random bits."""
    secret = os.urandom(_SECRET_BYTES)
    return prefix + encode(tenant_id.bytes + identifier.bytes + secret), hashlib.sha256(secret).digest()


def parse_opaque(prefix: str, text: str) -> Opaque | None:
    """What a text of this prefix says, or None where it says nothing."""
    raw = decode(text.removeprefix(prefix)) if text.startswith(prefix) else None
    if raw is None or len(raw) != 32 + _SECRET_BYTES:
        return None
    return Opaque(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), hashlib.sha256(raw[32:]).digest())


def encode(raw: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes | None:
    """The bytes of such a text; None where it is none, or not the one way to write them."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return raw if encode(raw) == text else None
