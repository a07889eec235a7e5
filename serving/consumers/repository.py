"""SQL of events, cursors, the inbox and parked events, for one tenant."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from serving.kit.repository import TenantRepository
from tekup.contracts.envelope import Event

_EVENT = """e.tenant_id, e.id, e.pos, e.event_type as type, e.schema_version as version, e.aggregate_type,
    e.aggregate_id, e.payload, e.trace_id, e.occurred_at"""
_FIRST = """not exists (
        select from app.event_parked as f
        where f.tenant_id = p.tenant_id and f.consumer = p.consumer and f.key = p.key and f.pos < p.pos
    )"""


class EventRepository(TenantRepository):
    """The tenant's log, to read."""

    async def head(self) -> int:
        """The last position; 0 where there is none."""
        found = await self._rows("select pos from app.event_heads where tenant_id = :tenant_id")
        return found[0].pos if found else 0

    async def is_active(self) -> bool:
        """Whether the tenant's events are worked on now."""
        found = await self._rows("select status from app.tenants where tenant_id = :tenant_id")
        return bool(found) and found[0].status == "active"

    async def first(self) -> int:
        """The first position that is still kept; 1 past the head where none is."""
        found = await self._rows("select min(pos) as pos from app.events where tenant_id = :tenant_id and pos > 0")
        return found[0].pos or await self.head() + 1

    async def after(
        self, pos: int, limit: int, *, upto: int | None = None, types: list[str] | None = None
    ) -> list[Event]:
        """Events past a position, in order."""
        rows = await self._rows(
            f"select {_EVENT} from app.events as e where e.tenant_id = :tenant_id and e.pos > :pos "  # noqa: S608
            "and (cast(:upto as bigint) is null or e.pos <= :upto) "
            "and (cast(:types as text[]) is null or e.event_type = any(cast(:types as text[]))) "
            "order by e.pos limit :limit",
            pos=pos, upto=upto, types=types, limit=limit,
        )  # fmt: skip
        return [Event(**row._mapping) for row in rows]

    async def find(self, event_id: UUID) -> Event | None:
        """The event with this id, once it has a position."""
        rows = await self._rows(
            f"select {_EVENT} from app.events as e where e.tenant_id = :tenant_id and e.id = :id and e.pos > 0",  # noqa: S608
            id=event_id,
        )
        return Event(**rows[0]._mapping) if rows else None

    async def _rows(self, statement: str, **arguments: Any) -> Sequence[Row[Any]]:
        done = await self.session.execute(_prepared(statement), {"tenant_id": self.tenant_id, **arguments})
        return done.all() if done.returns_rows else []  # type: ignore[attr-defined]  # a cursor's result has it


class ConsumerRepository(EventRepository):
    """The same with one consumer's cursor, inbox and parked events."""

    def __init__(self, session: Any, tenant_id: UUID, consumer: str) -> None:
        super().__init__(session, tenant_id)
        self._consumer = consumer

    async def lock_cursor(self) -> int | None:
        """The cursor, kept from other workers until the transaction ends; None where one of them has it."""
        await self._do(
            "insert into app.event_cursors (tenant_id, consumer, pos) values (:tenant_id, :consumer, 0) "
            "on conflict do nothing"
        )
        found = await self._of_mine("select pos from app.event_cursors where {mine} for update skip locked")
        return found[0].pos if found else None

    async def move_cursor(self, pos: int) -> None:
        """Set the cursor."""
        await self._of_mine("update app.event_cursors set pos = :pos, updated_at = now() where {mine}", pos=pos)

    async def note_done(self, events: Sequence[Event]) -> set[UUID]:
        """Put events into the inbox; the ids of those that were not there."""
        rows = await self._of_mine(
            "insert into app.event_inbox (tenant_id, consumer, event_id, pos) "
            "select :tenant_id, :consumer, id, pos from unnest(cast(:ids as uuid[]), cast(:places as bigint[])) "
            "as e (id, pos) on conflict do nothing returning event_id",
            ids=[event.id for event in events],
            places=[event.pos for event in events],
        )
        return {row.event_id for row in rows}

    async def forget_from(self, pos: int) -> None:
        """Take events from a position on out of the inbox and of the parked ones, so that their effects come again."""
        await self._of_mine("delete from app.event_inbox where {mine} and pos >= :pos", pos=pos)
        await self._of_mine("delete from app.event_parked where {mine} and pos >= :pos", pos=pos)

    async def blocked_keys(self) -> set[str]:
        """Keys that wait for a parked event."""
        rows = await self._of_mine("select distinct key from app.event_parked where {mine}")
        return {row.key for row in rows}

    async def park(self, event: Event, *, attempts: int, error: str | None, state: str, pause: float | None) -> None:
        """Lay an event aside for ``pause`` seconds, or (None) until the one before it of its key is done."""
        await self._of_mine(
            "insert into app.event_parked "
            "(tenant_id, consumer, event_id, pos, key, event_type, state, attempts, error, next_try_at) values "
            "(:tenant_id, :consumer, :id, :pos, :key, :type, :state, :attempts, :error, "
            "coalesce(now() + make_interval(secs => cast(:pause as double precision)), 'infinity')) "
            "on conflict (tenant_id, consumer, event_id) do update set state = excluded.state, "
            "attempts = excluded.attempts, error = excluded.error, next_try_at = excluded.next_try_at",
            id=event.id, pos=event.pos, key=event.key, type=event.type, state=state, attempts=attempts, error=error,
            pause=pause,
        )  # fmt: skip

    async def due(self, limit: int) -> Sequence[Row[Any]]:
        """The first parked event of each key whose time has come."""
        return await self._of_mine(
            "select event_id, key, attempts from app.event_parked as p where {mine} and state = 'waiting' "
            "and next_try_at <= now() and {first} order by pos limit :limit",
            limit=limit,
        )

    async def first_parked(self, key: str) -> Row[Any] | None:
        """The first parked event of a key."""
        rows = await self._of_mine(
            "select event_id, key, attempts from app.event_parked where {mine} and key = :key order by pos limit 1",
            key=key,
        )
        return rows[0] if rows else None

    async def unpark(self, event_id: UUID) -> None:
        """Take a parked event away."""
        await self._of_mine("delete from app.event_parked where {mine} and event_id = :id", id=event_id)

    async def wake(self, key: str) -> None:
        """Let a key's first parked event be tried now, as if for the first time."""
        await self._of_mine(
            "update app.event_parked as p set state = 'waiting', attempts = 0, next_try_at = now() "
            "where {mine} and key = :key and {first}",
            key=key,
        )

    async def _of_mine(self, statement: str, **arguments: Any) -> Sequence[Row[Any]]:
        whole = statement.replace("{mine}", "tenant_id = :tenant_id and consumer = :consumer")
        whole = whole.replace("{first}", _FIRST)
        return await self._rows(whole, consumer=self._consumer, **arguments)

    async def _do(self, statement: str) -> None:
        await self._of_mine(statement)


class ParkedRepository(EventRepository):
    """Parked events of all consumers, for a person to look at."""

    async def page(
        self, *, consumer: str | None, state: str | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Row[Any]]:
        """Parked events with what they are about, in the order of the log."""
        return await self._rows(
            "select p.consumer, p.event_id, p.pos, p.key, p.event_type, p.state, p.attempts, p.error, p.parked_at, "
            "nullif(p.next_try_at, 'infinity') as next_try_at, e.payload, e.occurred_at "
            "from app.event_parked as p "
            "inner join app.events as e on e.tenant_id = p.tenant_id and e.id = p.event_id "
            "where p.tenant_id = :tenant_id and (cast(:consumer as text) is null or p.consumer = :consumer) "
            "and (cast(:state as text) is null or p.state = :state) "
            "and (cast(:pos as bigint) is null or (p.pos, p.consumer) > (:pos, :after_consumer)) "
            "order by p.pos, p.consumer limit :limit",
            consumer=consumer, state=state, limit=limit,
            pos=None if after is None else after[0], after_consumer=None if after is None else after[1],
        )  # fmt: skip

    async def find_parked(self, consumer: str, event_id: UUID) -> Row[Any] | None:
        """One parked event, locked."""
        rows = await self._rows(
            "select key, state from app.event_parked where tenant_id = :tenant_id and consumer = :consumer "
            "and event_id = :id for update",
            consumer=consumer,
            id=event_id,
        )
        return rows[0] if rows else None

    async def cursors(self) -> Sequence[Row[Any]]:
        """How far each consumer has come, and what it left aside."""
        return await self._rows(
            "select c.consumer, c.pos, h.pos - c.pos as behind, c.updated_at, "
            "count(p.event_id) filter (where p.state = 'waiting') as waiting, "
            "count(p.event_id) filter (where p.state = 'dead') as dead "
            "from app.event_cursors as c "
            "inner join app.event_heads as h on h.tenant_id = c.tenant_id "
            "left join app.event_parked as p on p.tenant_id = c.tenant_id and p.consumer = c.consumer "
            "where c.tenant_id = :tenant_id group by c.consumer, c.pos, h.pos, c.updated_at order by c.consumer"
        )


_PREPARED: dict[str, TextClause] = {}


def _prepared(statement: str) -> TextClause:
    """The statement, parsed once: parsing costs more than most of these queries."""
    if statement not in _PREPARED:
        _PREPARED[statement] = text(statement)
    return _PREPARED[statement]
