"""What a person can do about consumers: look at them and at what they left aside, try again, discard, replay."""

from uuid import UUID

from serving.consumers.repository import ConsumerRepository, ParkedRepository
from serving.consumers.schemas import ConsumerState, ParkedEvent, ParkedPage
from serving.kit.databases import Databases
from tekup.errors import BadInput
from tekup.tenancy import TenantContext

MOST_PARKED = 200


async def list_consumers(databases: Databases, context: TenantContext) -> list[ConsumerState]:
    """How far each consumer has come with the tenant's events."""
    async with databases.operational(context) as session:
        rows = await ParkedRepository(session, context.tenant_id).cursors()
    return [ConsumerState(**row._mapping) for row in rows]


async def list_parked(
    databases: Databases,
    context: TenantContext,
    *,
    consumer: str | None = None,
    state: str | None = None,
    after: tuple[int, str] | None = None,
    limit: int = MOST_PARKED,
) -> ParkedPage:
    """Events that consumers laid aside, in the order of the log."""
    async with databases.operational(context) as session:
        rows = await ParkedRepository(session, context.tenant_id).page(
            consumer=consumer, state=state, after=after, limit=limit + 1
        )
    items = [ParkedEvent(**row._mapping) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return ParkedPage(items=items, next_after=None if last is None else f"{last.pos}:{last.consumer}")


async def retry(databases: Databases, context: TenantContext, consumer: str, event_id: UUID) -> None:
    """Let a parked event be tried again at once, with all its tries before it.

    Raises:
        BadInput: it is not parked, or waits behind another event of its key.
    """
    async with databases.operational(context, read_only=False) as session:
        key = await _first_of_key(ParkedRepository(session, context.tenant_id), consumer, event_id)
        await ConsumerRepository(session, context.tenant_id, consumer).wake(key)


async def discard(databases: Databases, context: TenantContext, consumer: str, event_id: UUID) -> None:
    """Give up on a parked event for this consumer; those of its key behind it go on.

    Raises:
        BadInput: as `retry`.
    """
    async with databases.operational(context, read_only=False) as session:
        key = await _first_of_key(ParkedRepository(session, context.tenant_id), consumer, event_id)
        repository = ConsumerRepository(session, context.tenant_id, consumer)
        await repository.unpark(event_id)
        await repository.wake(key)


async def replay(databases: Databases, context: TenantContext, consumer: str, from_pos: int) -> int:
    """Have a consumer do its effects again from a position on; how many events that is.

    Raises:
        BadInput: there is no such consumer, or the position is not in the log.
    """
    async with databases.operational(context, read_only=False) as session:
        known = {row.consumer for row in await ParkedRepository(session, context.tenant_id).cursors()}
        if consumer not in known:
            raise BadInput(
                f"no consumer {consumer!r} has followed this tenant's events",
                hint=f"choose one of {', '.join(sorted(known)) or '(none yet)'}",
            )
        repository = ConsumerRepository(session, context.tenant_id, consumer)
        first, head = await repository.first(), await repository.head()
        if not first <= from_pos <= head:
            raise BadInput(f"the position must lie between {first} and {head}", hint="`tekup events list` shows them")
        if await repository.lock_cursor() is None:
            raise BadInput(f"{consumer} is at work on this tenant right now", hint="try again in a moment")
        await repository.forget_from(from_pos)
        await repository.move_cursor(from_pos - 1)
    return head - from_pos + 1


async def _first_of_key(repository: ParkedRepository, consumer: str, event_id: UUID) -> str:
    parked = await repository.find_parked(consumer, event_id)
    if parked is None:
        raise BadInput("no such event is parked", hint="`tekup events dead-letters` lists those that are")
    key: str = parked.key
    first = await ConsumerRepository(repository.session, repository.tenant_id, consumer).first_parked(key)
    if first is not None and first.event_id != event_id:
        raise BadInput(
            f"the event waits behind another of {key}", hint=f"retry or discard {first.event_id}, the first one"
        )
    return key
