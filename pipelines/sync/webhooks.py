"""The inbox of webhooks as pulls see it: which objects wait to be read again. Nothing is read or merged here.

A pull calls `waiting`, reads the hinted objects again, commits their rows, and only then calls `mark_folded`. Killed
anywhere in between, it leaves the deliveries waiting; reading an object once more changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from psycopg import Connection

from tekup.db import Database, Doors, Role

MOST_DELIVERIES = 1_000
KEPT_DAYS = 30
RETRY_SECONDS, RETRY_AT_MOST_SECONDS = 15, 3_600
_REMOVED_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Deliveries that one fold takes on, and the objects that they name.

    ``hints`` are object ids by stream, each once, the longest waiting first. ``erased`` is the part of them that the
    vendor says it erased for good: where reading such an object finds nothing, its tombstone's reason is "erased".
    ``deliveries`` pairs each id with how often it had arrived. ``has_more`` says that others wait beyond the bound.
    """

    vendor: str
    deliveries: tuple[tuple[UUID, int], ...]
    hints: dict[str, list[str]]
    erased: dict[str, list[str]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """A tenant and vendor with deliveries that are due; ``attempts`` is the most that one was tried."""

    tenant_id: UUID
    vendor: str
    count: int
    newest: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class InboxState:
    """What lies in a tenant's inbox from one vendor."""

    vendor: str
    waiting: int
    oldest_waiting: datetime | None
    folded: int
    newest: datetime
    attempts: int


def is_waiting(doors: Doors, tenant_id: UUID, vendor: str) -> bool:
    """Whether any delivery waits; nothing is taken on."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        row = connection.execute(
            "select exists (select from app.webhook_delivery "
            "where tenant_id = %s and vendor = %s and folded_at is null)",
            (tenant_id, vendor),
        ).fetchone()
    return row == (True,)


def waiting(doors: Doors, tenant_id: UUID, vendor: str, *, limit: int = MOST_DELIVERIES) -> Waiting:
    """Take on up to ``limit`` deliveries that wait, and count the attempt on each of them.

    The attempt is committed by itself: a fold that fails again and again is asked for ever less often (`find_mail`),
    but whoever calls this gets everything that waits. Deliveries that come later are not in the answer and stay
    waiting. Call it with the tenant's and vendor's sync lock held, so that no two folds take on the same.
    """
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        rows = connection.execute(
            "select id, arrivals, hints, is_erasure from app.webhook_delivery "
            "where tenant_id = %s and vendor = %s and folded_at is null "
            "order by received_at, id limit %s for update",
            (tenant_id, vendor, limit),
        ).fetchall()
        # by their ids and not by a join: without statistics the planner walked the table once a delivery
        connection.execute(
            "update app.webhook_delivery set attempts = attempts + 1, attempted_at = now() "
            "where tenant_id = %s and id = any(%s)",
            (tenant_id, [row[0] for row in rows]),
        )
    hints: dict[str, dict[str, None]] = {}
    erased: dict[str, dict[str, None]] = {}
    for _, _, pairs, is_erasure in rows:
        for stream, object_id in pairs:
            hints.setdefault(stream, {})[object_id] = None
            if is_erasure:
                erased.setdefault(stream, {})[object_id] = None
    return Waiting(
        vendor=vendor,
        deliveries=tuple((row[0], row[1]) for row in rows),
        hints={stream: list(found) for stream, found in hints.items()},
        erased={stream: list(found) for stream, found in erased.items()},
        has_more=len(rows) >= limit,
    )


def mark_folded(doors: Doors, tenant_id: UUID, done: Waiting) -> int:
    """Mark the deliveries of ``done`` as folded, once the rows that they led to are committed; returns how many.

    One that arrived again since `waiting` stays waiting. Payloads that name an erased object are emptied, in all
    deliveries, and what was folded more than `KEPT_DAYS` days ago is removed.
    """
    ids = [one for one, _ in done.deliveries]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        marked = connection.execute(
            "update app.webhook_delivery as d set folded_at = now() "
            "from unnest(%s::uuid[], %s::integer[]) as f (id, arrivals) "
            "where d.tenant_id = %s and d.id = any(%s) and d.id = f.id and d.arrivals = f.arrivals "
            "and d.folded_at is null",
            (ids, [count for _, count in done.deliveries], tenant_id, ids),
        ).rowcount
        _empty_erased(connection, tenant_id, done)
        connection.execute(
            "delete from app.webhook_delivery where tenant_id = %(tenant)s and id in ("
            "select id from app.webhook_delivery where tenant_id = %(tenant)s "
            "and folded_at < now() - make_interval(days => %(days)s) limit %(most)s)",
            {"tenant": tenant_id, "days": KEPT_DAYS, "most": _REMOVED_AT_ONCE},
        )
    return marked


def replay(doors: Doors, tenant_id: UUID, vendor: str, since: datetime | None = None) -> int:
    """Let stored deliveries wait again (those received from ``since`` on; all where it is absent); returns how many."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id) as connection:
        return connection.execute(
            "update app.webhook_delivery set folded_at = null, attempts = 0, attempted_at = null "
            "where tenant_id = %s and vendor = %s and folded_at is not null "
            "and received_at >= coalesce(%s, '-infinity'::timestamptz)",
            (tenant_id, vendor, since),
        ).rowcount


def find_mail(doors: Doors, *, limit: int = 500) -> list[Mail]:
    """The tenants and vendors with deliveries that are due, the longest waiting first.

    A delivery is due at once; after an attempt that did not fold it, when 15 seconds have passed, then 30, 60 and so
    on up to an hour. What the deliveries say is closed to this look across tenants.
    """
    with doors.all_tenants_transaction(
        Database.OPERATIONAL, reason="which tenants have webhooks waiting"
    ) as connection:
        rows = connection.execute(
            "select tenant_id, vendor, count(*), max(received_at), max(attempts) from app.webhook_delivery "
            "where folded_at is null group by tenant_id, vendor having bool_or(attempted_at is null or "
            "attempted_at + least(%s * power(2, least(attempts, 20) - 1), %s) * interval '1 second' <= now()) "
            "order by min(received_at) limit %s",
            (RETRY_SECONDS, RETRY_AT_MOST_SECONDS, limit),
        ).fetchall()
    return [Mail(*row) for row in rows]


def describe_inbox(doors: Doors, tenant_id: UUID) -> list[InboxState]:
    """What lies in a tenant's inbox, by vendor."""
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        rows: Sequence[tuple[str, int, datetime | None, int, datetime, int]] = connection.execute(
            "select vendor, count(*) filter (where folded_at is null), "
            "min(received_at) filter (where folded_at is null), count(*) filter (where folded_at is not null), "
            "max(received_at), coalesce(max(attempts) filter (where folded_at is null), 0) "
            "from app.webhook_delivery where tenant_id = %s group by vendor order by vendor",
            (tenant_id,),
        ).fetchall()
    return [InboxState(*row) for row in rows]


def _empty_erased(connection: Connection, tenant_id: UUID, done: Waiting) -> None:
    """Empty what the inbox still tells of erased objects: a changed property's value stands in its payload."""
    pairs = [orjson.dumps([[stream, one]]).decode() for stream, ids in done.erased.items() for one in ids]
    if pairs:
        connection.execute(
            "update app.webhook_delivery set payload = '{}' where tenant_id = %s "
            "and hints @> any(%s::jsonb[]) and payload::text <> '{}'",
            (tenant_id, pairs),
        )
