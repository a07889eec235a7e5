"""Emitting an event in the transaction of what it tells of. Reading events is the consumers' affair.

Emit after the aggregate's row is inserted or locked: that is what keeps an aggregate's events in order.
"""

import json
from typing import Any
from uuid import UUID

import psycopg

from tekup.clock import utc_now
from tekup.contracts.events import EventData
from tekup.ids import uuid7

COLUMNS = (
    "tenant_id", "id", "aggregate_type", "aggregate_id", "event_type", "schema_version", "payload", "trace_id",
    "occurred_at",
)  # fmt: skip


def event_row(
    tenant_id: UUID, data: EventData, aggregate_id: UUID, trace_id: str | None = None, event_id: UUID | None = None
) -> dict[str, Any]:
    """The row of an event, by column."""
    return {
        "tenant_id": tenant_id,
        "id": event_id or uuid7(),
        "aggregate_type": data.aggregate,
        "aggregate_id": aggregate_id,
        "event_type": type(data).__name__,
        "schema_version": data.version,
        "payload": data.model_dump(mode="json"),
        "trace_id": trace_id,
        "occurred_at": utc_now(),
    }


def emit(
    connection: psycopg.Connection,
    tenant_id: UUID,
    data: EventData,
    aggregate_id: UUID,
    *,
    trace_id: str | None = None,
    event_id: UUID | None = None,
) -> UUID:
    """Put an event into the open transaction of ``tenant_id``; returns its id.

    With an ``event_id`` of the caller's own the same event is emitted once however often it is told: for what lives
    in another database and can't share a transaction.
    """
    row = event_row(tenant_id, data, aggregate_id, trace_id, event_id)
    row["payload"] = json.dumps(row["payload"])
    connection.execute(
        f"insert into app.events ({', '.join(COLUMNS)}) "  # noqa: S608  # the columns are the constant above
        f"values ({', '.join(f'%({name})s' for name in COLUMNS)}) on conflict (tenant_id, id) do nothing",
        row,
    )
    emitted: UUID = row["id"]
    return emitted
