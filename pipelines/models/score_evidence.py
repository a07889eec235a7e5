"""What is kept of scored people, and how it goes: with the person, and with the tenant. Nothing is scored here."""

from collections.abc import Sequence
from uuid import UUID

import psycopg
from psycopg import sql

from tekup.settings import Settings

TABLES = (
    "lead_score",
    "lead_score_history",
    "lead_score_input",
    "lead_score_shadow",
    "lead_value",
    "lead_conversion",
)
"""Every table of the warehouse that holds scores or predictions of a lead; drift, curves and figures name nobody."""


def erase_leads(connection: psycopg.Connection, lead_ids: Sequence[UUID]) -> dict[str, int]:
    """Delete all that is kept of these leads' scores: inputs, scores, reasons, history, shadow, salespeople's words.

    ``connection`` is a transaction of the tenant in the warehouse; the caller commits it together with the rest of an
    erasure. Returns the deleted rows by table. What models learned from the leads stays in the pooled trees, which hold
    no row of theirs; the next training no longer sees them.
    """
    ids = list(lead_ids)
    erased = {
        f"ml.{table}": connection.execute(
            sql.SQL("delete from {} where lead_id = any(%s)").format(sql.Identifier("ml", table)), (ids,)
        ).rowcount
        for table in TABLES
    }
    erased["raw_operational.lead_feedback"] = connection.execute(
        "delete from raw_operational.lead_feedback where lead_id = any(%s)", (ids,)
    ).rowcount
    return erased


def erase_subscriptions(connection: psycopg.Connection, subscription_ids: Sequence[str]) -> dict[str, int]:
    """Delete what is predicted of a person's subscriptions, as `erase_leads` does of leads."""
    ids = list(subscription_ids)
    deleted = connection.execute("delete from ml.subscription_churn where subscription_id = any(%s)", (ids,)).rowcount
    return {"ml.subscription_churn": deleted}


def forget_tenant(settings: Settings, tenant_id: UUID) -> int:
    """Remove what each stored model version learned of one tenant alone; returns how many files that were."""
    from scoring.kinds import KINDS  # seconds of imports, and deleting a tenant is rare
    from scoring.registry import Registry

    return sum(Registry(settings.models_of(kind)).forget_tenant(str(tenant_id)) for kind in KINDS)
