"""API tokens: shown once, stored hashed, bound to one tenant. What a scope opens is decided by the API."""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.ids import uuid7

PREFIX = "tk_"
SCOPES = (
    "scores:read",
    "scores:write",
    "leads:read",
    "leads:write",
    "persons:read",
    "attribution:read",
    "kpis:read",
    "users:read",
    "tenant:read",
    "tenant:write",
    "events:read",
    "events:write",
    "webhooks:read",
    "webhooks:write",
    "application_data:read",
    "application_data:write",
)
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenSubject:
    """Whom a valid token speaks for."""

    tenant_id: UUID
    token_id: UUID
    scopes: frozenset[str]


def create_token(
    doors: Doors,
    tenant_id: UUID,
    name: str,
    *,
    scopes: tuple[str, ...] = SCOPES,
    expires_at: datetime | None = None,
) -> str:
    """Make a token and return its text, which is stored nowhere.

    The text carries tenant and token ids, so that a look-up needs no view across tenants.

    Raises:
        BadInput: an unknown scope, or none.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise BadInput(
            f"unknown scope {', '.join(unknown) or '(none given)'}", hint=f"choose among {', '.join(SCOPES)}"
        )
    token_id, secret = uuid7(), os.urandom(_SECRET_BYTES)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "insert into app.api_tokens (tenant_id, id, name, secret_hash, scopes, expires_at) "
            "values (%s, %s, %s, %s, %s, %s)",
            (tenant_id, token_id, name, hashlib.sha256(secret).digest(), list(scopes), expires_at),
        )
    return PREFIX + _encode(tenant_id.bytes + token_id.bytes + secret)


def parse_token(text: str) -> tuple[UUID, UUID, bytes] | None:
    """Tenant id, token id and SHA-256 of the secret that a token's text carries, or None where it is no token."""
    if not text.startswith(PREFIX):
        return None
    body = text[len(PREFIX) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != 32 + _SECRET_BYTES or _encode(raw) != body:
        return None
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), hashlib.sha256(raw[32:]).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
