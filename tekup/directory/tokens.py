"""API tokens and clients: shown once, stored hashed, bound to one tenant. What a scope opens is decided by the API."""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from tekup.db import Database, Doors, Role
from tekup.directory.opaque import Opaque, decode, encode, make_opaque, parse_opaque
from tekup.directory.roles import check_scopes
from tekup.directory.scopes import MACHINE_SCOPES, PEOPLE_ONLY
from tekup.errors import BadInput
from tekup.ids import uuid7

PREFIX = "tk_"
_CLIENT_PREFIX = "tc_"


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An API token as far as it may be shown."""

    id: UUID
    name: str
    kind: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def check_machine_scopes(scopes: frozenset[str]) -> None:
    """Refuse scopes that no token may carry.

    Raises:
        BadInput: an unknown scope, none, or one for people only.
    """
    check_scopes(scopes)
    if scopes & PEOPLE_ONLY:
        raise BadInput(
            f"a token can't carry {', '.join(sorted(scopes & PEOPLE_ONLY))}",
            hint="these ask for a person who has just proven who he is: sign in",
        )


def client_texts(tenant_id: UUID, client_id: UUID) -> tuple[str, str, bytes]:
    """A client's public id, its secret, which is stored nowhere, and the hash of that secret."""
    secret = os.urandom(32)
    return _CLIENT_PREFIX + encode(tenant_id.bytes + client_id.bytes), encode(secret), hashlib.sha256(secret).digest()


def parse_client(client_id: str, client_secret: str) -> Opaque | None:
    """Tenant, id and hash that a client's id and secret say, or None where they say nothing."""
    raw, secret = decode(client_id.removeprefix(_CLIENT_PREFIX)), decode(client_secret)
    if not client_id.startswith(_CLIENT_PREFIX) or raw is None or secret is None or len(raw) != 32:
        return None
    return Opaque(UUID(bytes=raw[:16]), UUID(bytes=raw[16:]), hashlib.sha256(secret).digest())


def create_token(
    doors: Doors,
    tenant_id: UUID,
    name: str,
    *,
    scopes: tuple[str, ...] = MACHINE_SCOPES,
    expires_at: datetime | None = None,
) -> str:
    """Make a token and return its text, which is stored nowhere.

    Raises:
        BadInput: an unknown scope, one for people only, or none.
    """
    check_machine_scopes(frozenset(scopes))
    token_id = uuid7()
    text, secret_hash = make_opaque(PREFIX, tenant_id, token_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "insert into app.api_tokens (tenant_id, id, name, secret_hash, scopes, expires_at) "
            "values (%s, %s, %s, %s, %s, %s)",
            (tenant_id, token_id, name, secret_hash, list(scopes), expires_at),
        )
    return text


def list_tokens(doors: Doors, tenant_id: UUID) -> list[StoredToken]:
    """The tenant's tokens and clients, newest first, revoked ones with them."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id, read_only=True) as connection:
        return (
            connection.cursor(row_factory=class_row(StoredToken))
            .execute(
                "select id, name, kind, scopes, created_at, expires_at, last_used_at, revoked_at "
                "from app.api_tokens order by created_at desc, id"
            )
            .fetchall()
        )


def revoke_token(doors: Doors, tenant_id: UUID, token_id: UUID) -> None:
    """End a token or client for good.

    Raises:
        BadInput: the tenant has none with this id.
    """
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        row = connection.execute(
            "update app.api_tokens set revoked_at = coalesce(revoked_at, now()), updated_at = now() "
            "where tenant_id = %s and id = %s returning id",
            (tenant_id, token_id),
        ).fetchone()
    if row is None:
        raise BadInput(f"no token {token_id} in this tenant", hint="tekup token list TENANT names them")


def parse_token(text: str) -> tuple[UUID, UUID, bytes] | None:
    """Tenant id, token id and SHA-256 of the secret that a token's text carries, or None where it is no token."""
    parsed = parse_opaque(PREFIX, text)
    return None if parsed is None else (parsed.tenant_id, parsed.id, parsed.secret_hash)
