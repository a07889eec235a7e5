"""A connection's webhook address: its unguessable key and the signing secrets. No delivery is known here."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from psycopg import Connection

from tekup.clock import utc_now
from tekup.crypto.columns import SealedColumn
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput

PREFIX = "wh_"
VENDORS = ("hubspot", "stripe", "kit")
SIGNING_VENDORS = ("hubspot", "stripe")
"""Those that sign what they send. Kit signs nothing: its address alone proves a delivery, whose content is a hint."""
KEPT_AFTER_ROTATION = timedelta(hours=24)
_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True)
class WebhookKey:
    """What a key's text carries; the random part only as its hash."""

    tenant_id: UUID
    connection_id: UUID
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One connection's address as far as it may be shown."""

    vendor: str
    secret_count: int
    created_at: datetime
    rotated_at: datetime | None
    previous_until: datetime | None


def parse_webhook_key(text: str) -> WebhookKey | None:
    """The tenant, connection and hash that a key's text carries, or None where it is no key.

    The text names the tenant, so that a look-up needs no view across tenants.
    """
    body = text.removeprefix(PREFIX)
    if body == text:
        return None
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    if len(raw) != 32 + _SECRET_BYTES or _encode(raw) != body:
        return None
    return WebhookKey(UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), hashlib.sha256(raw[32:]).digest())


def matches(key: WebhookKey, key_hash: bytes, previous_hash: bytes | None, previous_until: datetime | None) -> bool:
    """Whether a key is the stored one, or the one before it while that still counts."""
    if hmac.compare_digest(key.key_hash, bytes(key_hash)):
        return True
    if previous_hash is None or previous_until is None or previous_until <= utc_now():
        return False
    return hmac.compare_digest(key.key_hash, bytes(previous_hash))


def open_secrets(master_key: MasterKey, tenant_id: UUID, vendor: str, sealed: bytes) -> list[str]:
    """The signing secrets that count now, the newest first."""
    now = utc_now().timestamp()
    return [secret for secret, until in _unseal(master_key, tenant_id, vendor, sealed) if until is None or until > now]


def enable_webhook(doors: Doors, tenant_id: UUID, vendor: str, secrets: Sequence[str] = ()) -> str:
    """Give the tenant's connection an address and return its key's text, which is stored nowhere.

    Raises:
        BadInput: the vendor sends no webhooks that we know, a secret is missing or not wanted, there is no
            connection, or it has an address already.
    """
    told = _usable(vendor, secrets)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection_id = _connection_id(connection, vendor)
        text, key_hash = _make_key(tenant_id, connection_id)
        sealed = _seal(doors.master_key, tenant_id, vendor, [(secret, None) for secret in told])
        made = connection.execute(
            "insert into app.webhook_endpoint (tenant_id, connection_id, vendor, key_hash, secrets_sealed) "
            "values (%s, %s, %s, %s, %s) on conflict do nothing",
            (tenant_id, connection_id, vendor, key_hash, sealed),
        ).rowcount
    if not made:
        raise BadInput(
            f"the {vendor} connection has an address already",
            hint="`tekup webhooks rotate TENANT VENDOR` makes a new one",
        )
    return text


def rotate_webhook(
    doors: Doors,
    tenant_id: UUID,
    vendor: str,
    secrets: Sequence[str] = (),
    *,
    kept: timedelta = KEPT_AFTER_ROTATION,
) -> str:
    """Make a new key, and take new secrets where they are given; return the new key's text.

    The old key counts for ``kept`` longer, and so do the secrets that new ones replace: the vendor can't be told in
    the same instant.

    Raises:
        BadInput: as `enable_webhook`; or there is no address yet.
    """
    told = _usable(vendor, secrets, needed=False)
    until = utc_now() + kept
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        row = connection.execute(
            "select connection_id, secrets_sealed from app.webhook_endpoint where vendor = %s for update", (vendor,)
        ).fetchone()
        if row is None:
            raise BadInput(
                f"the {vendor} connection has no address yet", hint=f"`tekup webhooks enable TENANT {vendor}` makes it"
            )
        secrets_now = _unseal(doors.master_key, tenant_id, vendor, bytes(row[1]))
        if told:
            fresh: list[tuple[str, float | None]] = [(secret, None) for secret in told]
            older = [(s, min(until.timestamp(), u or until.timestamp())) for s, u in secrets_now if s not in told]
            secrets_now = fresh + [(s, u) for s, u in older if u > utc_now().timestamp()]
        text, key_hash = _make_key(tenant_id, row[0])
        connection.execute(
            "update app.webhook_endpoint set previous_key_hash = key_hash, previous_until = %s, key_hash = %s, "
            "secrets_sealed = %s, rotated_at = now() where connection_id = %s",
            (until, key_hash, _seal(doors.master_key, tenant_id, vendor, secrets_now), row[0]),
        )
    return text


def disable_webhook(doors: Doors, tenant_id: UUID, vendor: str) -> bool:
    """Take the address away at once; returns whether there was one. What was delivered stays."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        return bool(connection.execute("delete from app.webhook_endpoint where vendor = %s", (vendor,)).rowcount)


def list_webhooks(doors: Doors, tenant_id: UUID) -> list[WebhookEndpoint]:
    """The tenant's addresses, by vendor."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id, read_only=True) as connection:
        rows = connection.execute(
            "select vendor, secrets_sealed, created_at, rotated_at, previous_until from app.webhook_endpoint "
            "order by vendor"
        ).fetchall()
    return [
        WebhookEndpoint(
            vendor,
            len(open_secrets(doors.master_key, tenant_id, vendor, bytes(sealed))),
            created_at,
            rotated_at,
            previous_until if previous_until and previous_until > utc_now() else None,
        )
        for vendor, sealed, created_at, rotated_at, previous_until in rows
    ]


def _usable(vendor: str, secrets: Sequence[str], *, needed: bool = True) -> list[str]:
    if vendor not in VENDORS:
        raise BadInput(f"there are no webhooks of {vendor!r}", hint=f"choose one of {', '.join(VENDORS)}")
    told = list(dict.fromkeys(secret.strip() for secret in secrets if secret.strip()))
    if vendor in SIGNING_VENDORS and needed and not told:
        raise BadInput(
            f"{vendor} signs its webhooks, and the secret is missing",
            hint="give it with --secret: HubSpot's app client secret, or Stripe's whsec_… of the endpoint",
        )
    if vendor not in SIGNING_VENDORS and told:
        raise BadInput(f"{vendor} signs nothing, so there is no secret to store", hint="leave --secret out")
    return told


def _connection_id(connection: Connection, vendor: str) -> UUID:
    row = connection.execute("select id from app.connections where vendor = %s", (vendor,)).fetchone()
    if row is None:
        raise BadInput(f"the tenant has no {vendor} connection", hint=f"tekup connect TENANT {vendor}")
    found: UUID = row[0]
    return found


def _make_key(tenant_id: UUID, connection_id: UUID) -> tuple[str, bytes]:
    secret = os.urandom(_SECRET_BYTES)
    text = PREFIX + _encode(tenant_id.bytes + connection_id.bytes + secret)
    return text, hashlib.sha256(secret).digest()


def _seal(key: MasterKey, tenant_id: UUID, vendor: str, secrets: list[tuple[str, float | None]]) -> bytes:
    return seal(key, tenant_id, _place(vendor), orjson.dumps(secrets).decode())


def _unseal(key: MasterKey, tenant_id: UUID, vendor: str, sealed: bytes) -> list[tuple[str, float | None]]:
    return [(secret, until) for secret, until in orjson.loads(unseal(key, tenant_id, _place(vendor), sealed))]


def _place(vendor: str) -> str:
    return f"webhook_endpoint.secrets:{vendor}"


SEALED = SealedColumn(
    "app.webhook_endpoint", "secrets_sealed", ("connection_id",), ("vendor",), lambda row: _place(str(row["vendor"]))
)
"""For rotations."""


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
