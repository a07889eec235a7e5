"""Emitting events from a session of the API, in its transaction. The one for plain connections is `tekup.outbox`."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from serving.models.operational import events
from tekup.contracts.events import EventData
from tekup.outbox import event_row


async def emit(
    session: AsyncSession,
    tenant_id: UUID,
    data: EventData,
    aggregate_id: UUID,
    trace_id: str | None = None,
    *,
    event_id: UUID | None = None,
) -> UUID:
    """Emit one event about an aggregate whose row this transaction has inserted or locked; returns its id.

    With an ``event_id`` of the caller's own the same event is emitted once however often it is told.
    """
    row = event_row(tenant_id, data, aggregate_id, trace_id, event_id)
    await session.execute(insert(events).values(row).on_conflict_do_nothing())
    emitted: UUID = row["id"]
    return emitted


async def emit_many(
    session: AsyncSession, tenant_id: UUID, told: Iterable[tuple[EventData, UUID]], trace_id: str | None = None
) -> None:
    """Emit several, in this order, in one statement."""
    rows = [event_row(tenant_id, data, aggregate_id, trace_id) for data, aggregate_id in told]
    if rows:
        await session.execute(insert(events), rows)
