"""A tenant's consent to send leads' texts to OpenAI, and what that may cost a month. Nothing is asked here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from integrations.openai.requests import DEFAULT_MODEL
from tekup.db import Database, Doors, Role, bound
from tekup.errors import BadInput

SETTING = "enrichment"
"""The key in a tenant's settings."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Off unless the tenant's settings say otherwise in so many words; ``monthly_tokens`` bounds a calendar month."""

    is_given: bool = False
    monthly_tokens: int = 0
    model: str = DEFAULT_MODEL


def read_consent(doors: Doors, tenant_id: UUID) -> Consent:
    """The consent as it stands now, from the operational database itself: a copy would be up to an hour old."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        return _consent_within(connection)


def give_consent(doors: Doors, tenant_id: UUID, *, monthly_tokens: int | None, model: str | None = None) -> Consent:
    """Switch enrichment on, or change its budget or model; when it was given is kept with it.

    Raises:
        BadInput: no budget was ever given, or it is negative.
    """
    before = read_consent(doors, tenant_id)
    tokens = before.monthly_tokens if monthly_tokens is None else monthly_tokens
    if tokens <= 0:
        raise BadInput("enrichment needs a monthly budget", hint="say how many tokens it may use: --on --budget 500000")
    told = {
        "enabled": True,
        "monthly_tokens": tokens,
        "model": model or before.model,
        "changed_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _write(doors, tenant_id, told)
    return _consent_of(told)


def withdraw_consent(doors: Doors, tenant_id: UUID) -> None:
    """Switch enrichment off from this moment; budget and model are kept for another time."""
    before = read_consent(doors, tenant_id)
    _write(
        doors,
        tenant_id,
        {
            "enabled": False,
            "monthly_tokens": before.monthly_tokens,
            "model": before.model,
            "changed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def enriched_tenants(doors: Doors, tenants: Iterable[UUID]) -> set[UUID]:
    """Those whose enrichment is switched on, or that have something stored which may have to go.

    Each is looked at under its own policy, over one connection to each database.
    """
    found = set()
    with (
        doors.connect(Database.OPERATIONAL, Role.PIPELINE) as operational,
        doors.connect(Database.WAREHOUSE, Role.PIPELINE) as warehouse,
    ):
        for tenant_id in tenants:
            with bound(operational, tenant_id, read_only=True):
                consent = _consent_within(operational)
            with bound(warehouse, tenant_id, read_only=True):
                kept = warehouse.execute("select from ml.lead_enrichment_lead limit 1").fetchone()
            if consent.is_given or kept is not None:
                found.add(tenant_id)
    return found


def _consent_within(connection: psycopg.Connection) -> Consent:
    """The consent of the transaction's tenant."""
    row = connection.execute("select settings -> %s from app.tenants where status = 'active'", (SETTING,)).fetchone()
    return _consent_of(row[0] if row else None)


def _consent_of(told: Any) -> Consent:
    """What a setting says; anything that is not clearly a consent is none."""
    if not isinstance(told, dict):
        return Consent()
    given, model = told.get("monthly_tokens"), told.get("model")
    tokens = given if isinstance(given, int) and not isinstance(given, bool) and given > 0 else 0
    return Consent(
        told.get("enabled") is True and tokens > 0,
        tokens,
        model if isinstance(model, str) and model else DEFAULT_MODEL,
    )


def _write(doors: Doors, tenant_id: UUID, told: dict[str, object]) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        connection.execute(
            "update app.tenants set settings = jsonb_set(settings, %s, %s), updated_at = now() where id = %s",
            ([SETTING], Jsonb(told), tenant_id),
        )
