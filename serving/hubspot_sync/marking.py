"""What changes here waits to go to HubSpot: the consumer of the CRM's events. Nothing is sent here."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.hubspot_sync.repository import SyncRepository
from serving.jobs.queue import defer
from tekup.contracts.envelope import Event

TASK = "sync_hubspot"
TRACE = "hubspot-sync"
"""The trace of events about changes that came from HubSpot: they do not go out again."""
_KINDS = {"Contact": "contacts", "Company": "companies", "Deal": "deals"}


async def mark(session: AsyncSession, event: Event) -> None:
    """Let the record wait, if its kind goes out, and have somebody look."""
    kind = next(kind for noun, kind in _KINDS.items() if event.type.startswith(noun))
    repository = SyncRepository(session, event.tenant_id)
    sync = await repository.find_sync(kind)
    if sync is None or event.trace_id == TRACE:
        return
    goes_out, is_deletion = sync.direction in ("out", "both"), event.type.endswith("Deleted")
    if is_deletion and not (goes_out and sync.follows_deletions):
        await repository.mark_gone(kind, event.aggregate_id)
        return
    if not goes_out:
        return
    moment = event.occurred_at.isoformat()
    set_at = dict.fromkeys(event.payload.get("fields") or (), moment)
    into = event.payload.get("merged_into")
    await repository.mark(
        kind, event.aggregate_id, "delete" if is_deletion else "write", set_at, UUID(into) if into else None
    )
    if await repository.wake(kind):
        await order(session, event.tenant_id, kind)


async def order(session: AsyncSession, tenant_id: UUID, kind: str) -> None:
    """Have a run of one kind follow this transaction."""
    await defer(session, TASK, {"kind": kind}, lock=f"hubspot:{tenant_id}")


CONSUMER = Consumer(
    "hubspot",
    dict.fromkeys([f"{noun}{what}" for noun in _KINDS for what in ("Created", "Changed", "Deleted")], mark),
)
