"""For how long what is kept: rules by table, whose bounds a tenant may set. Which clock runs it is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, LiteralString
from uuid import UUID

from psycopg import sql

from tekup.db import Database, Doors, Role

SETTING = "retention_days"
"""The key in a tenant's settings: days by the name of a rule, such as {"touchpoints": 400}."""
_BATCH = 50_000


_GONE: LiteralString = "deleted_at is not null"
_SETTLED: LiteralString = "status = 'settled'"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table go when ``column`` is so many days ago; None keeps them until a tenant says otherwise.

    ``only`` narrows the rows; "empty" keeps the row as a mark that its object is gone, and empties its payload.
    """

    name: str
    database: Database
    table: str
    column: str
    days: int | None
    only: LiteralString = "true"
    does: Literal["delete", "empty"] = "delete"


RULES: tuple[Rule, ...] = (
    Rule("touchpoints", Database.OPERATIONAL, "app.touchpoints", "occurred_at", None),
    Rule("activities", Database.OPERATIONAL, "app.activities", "occurred_at", None),
    Rule("lost_leads", Database.OPERATIONAL, "app.leads", "lost_at", None, "status = 'lost'"),
    Rule("tombstones", Database.OPERATIONAL, "app.tombstones", "deleted_at", 90),
    Rule("settled_requests", Database.OPERATIONAL, "app.privacy_request", "finished_at", 1825, _SETTLED),
    Rule("check_failures", Database.WAREHOUSE, "ops.check_failure", "found_at", 30),
    Rule("score_history", Database.WAREHOUSE, "ml.lead_score_history", "scored_at", None),
    *(
        Rule("deleted_rows", Database.WAREHOUSE, f"raw_operational.{table}", "deleted_at", 90, _GONE)
        for table in ("contacts", "leads", "activities", "touchpoints", "identities")
    ),
    *(
        Rule("deleted_objects", Database.WAREHOUSE, table, "deleted_at", 90, _GONE, "empty")
        for table in ("raw_hubspot.contacts", "raw_stripe.customers", "raw_kit.subscribers")
    ),
)  # fmt: skip
"""In this order. Copies go long after what they are copies of, so that what is built of them hears of it first."""


def apply_retention(doors: Doors, tenant_id: UUID) -> dict[str, int]:
    """Remove what is past its time, some thousands of rows a transaction; returns rows by table."""
    bounds = read_bounds(doors, tenant_id)
    done: dict[str, int] = {}
    for rule in RULES:
        days = bounds.get(rule.name, rule.days)
        if days is None:
            continue
        gone = _BATCH
        while gone == _BATCH:
            gone = _apply(doors, tenant_id, rule, days)
            if gone:
                done[rule.table] = done.get(rule.table, 0) + gone
    return done


def read_bounds(doors: Doors, tenant_id: UUID) -> Mapping[str, int]:
    """The tenant's own bounds; what is no number of days from 1 on is left aside."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        row = connection.execute(
            "select settings -> %s from app.tenants where id = %s", (SETTING, tenant_id)
        ).fetchone()
    told = row[0] if row else None
    if not isinstance(told, dict):
        return {}
    return {
        name: days for name, days in told.items() if isinstance(days, int) and not isinstance(days, bool) and days > 0
    }


def _apply(doors: Doors, tenant_id: UUID, rule: Rule, days: int) -> int:
    table = sql.Identifier(*rule.table.split("."))
    is_due = sql.SQL("tenant_id = {} and {} < now() - make_interval(days => {}) and ({})").format(
        tenant_id, sql.Identifier(rule.column), days, sql.SQL(rule.only)
    )
    if rule.does == "empty":
        statement = sql.SQL("update {} set payload = '{{}}', payload_hash = '' where {} and payload <> '{{}}'").format(
            table, is_due
        )
    else:
        statement = sql.SQL(
            "delete from {0} where tenant_id = {1} and ctid = any(array(select ctid from {0} where {2} limit {3}))"
        ).format(table, tenant_id, is_due, _BATCH)
    role = Role.OWNER if rule.database is Database.OPERATIONAL else Role.PIPELINE
    with doors.tenant_transaction(rule.database, role, tenant_id) as connection:
        count = connection.execute(statement).rowcount
    return count if rule.does == "delete" else min(count, _BATCH - 1)
