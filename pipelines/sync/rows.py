"""Records into one raw table, once in effect: sent as JSON, split there, merged by guarded upsert. No cursor here."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from integrations.source import Record
from pipelines.sync.journal import SyncRun
from tekup.db import Database, Doors, Role

# PostgreSQL takes no COPY into a table under row-level security, and staging writes each row a second time. So payloads
# go as one JSON array a statement: it is parsed once, as each payload must be, and its elements are copied as they are.
# Beside it goes what was read of each row: id, hash, when it changed, why it is gone.
_INCOMING = """
select
    {tenant}, told ->> 0, payload, decode(told ->> 1, 'hex'), (told ->> 2)::timestamptz,
    case when told ->> 3 is not null then coalesce((told ->> 2)::timestamptz, now()) end, told ->> 3, {run}
from rows from (jsonb_array_elements(%b), jsonb_array_elements(%b)) as incoming (told, payload)
"""

# Unless the reader vouches for it ({trusted}), an older version never overwrites a newer one and never revives or
# buries it: pages come late and twice. A deletion keeps the last payload, an erasure does not. A row that says the same
# again is not written; the vendor may say it in another order, so that where hashes differ the payloads decide.
_MERGE = """
with merged as (
    insert into {table} as t
        (tenant_id, object_id, payload, payload_hash, source_modified_at, deleted_at, delete_reason, run_id)
    {incoming}
    on conflict (tenant_id, object_id) do update set
        payload = case when excluded.delete_reason = 'erased' then '{{}}'
            when excluded.deleted_at is null then excluded.payload else t.payload end,
        payload_hash = case when excluded.delete_reason = 'erased' then ''
            when excluded.deleted_at is null then excluded.payload_hash else t.payload_hash end,
        source_modified_at = greatest(excluded.source_modified_at, t.source_modified_at),
        deleted_at = excluded.deleted_at,
        delete_reason = excluded.delete_reason,
        synced_at = clock_timestamp(),
        run_id = excluded.run_id
    where excluded.delete_reason = 'erased' and t.delete_reason is distinct from 'erased'
       or excluded.delete_reason <> 'vanished' and t.delete_reason = 'vanished'
       or (
           ({trusted} or excluded.source_modified_at is null or t.source_modified_at is null
               or excluded.source_modified_at >= t.source_modified_at)
           and ((t.deleted_at is null) is distinct from (excluded.deleted_at is null)
               or (excluded.deleted_at is null and t.payload_hash <> excluded.payload_hash
                   and t.payload <> excluded.payload))
       )
    returning (xmax = 0) as is_new
)
select count(*), count(*) filter (where is_new) from merged
"""

# Where a first load meets an empty table there is nothing to compare with, and rows cost less. An object that comes
# twice breaks the key, and the batch is then merged.
_INSERT = """
insert into {table}
    (tenant_id, object_id, payload, payload_hash, source_modified_at, deleted_at, delete_reason, run_id)
{incoming}
"""

# Children have no deletions of their own: a parent that was read again tells all that it has. By a column, whose index
# serves under row-level security, and with what was read as an array: no plan can compare each child with each.
_FORGET = """
update {table} as t
set deleted_at = clock_timestamp(), delete_reason = 'vanished', synced_at = clock_timestamp(), run_id = {run}
where t.tenant_id = {tenant} and t.deleted_at is null and t.parent_id = any(%s) and not t.object_id = any(%s)
"""

# What belongs to an erased object is erased with it.
_ERASE = """
update {table} as t
set payload = '{{}}', payload_hash = '', deleted_at = coalesce(t.deleted_at, clock_timestamp()),
    delete_reason = 'erased', synced_at = clock_timestamp(), run_id = {run}
where t.tenant_id = {tenant} and t.parent_id = any(%s)
  and t.delete_reason is distinct from 'erased'
"""

_DIGEST = 16
_STATEMENT_BYTES = 100_000
"""Payloads a statement takes: twice as many cost the parser no less, fifty times as many cost it half as much again."""
_STATEMENT_ROWS = 1_000
_NEVER = datetime.max.replace(tzinfo=UTC)
# PostgreSQL's jsonb can't hold a NUL; an even number of backslashes before it makes it a real one.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one raw table in one transaction; ``replaces`` as in ``integrations.source.Side``."""

    stream: str
    records: list[Record]
    replaces: list[str]


@dataclass(frozen=True, slots=True)
class Merged:
    """Rows written, and how many of them were new."""

    changed: int
    added: int


def merge_batches(
    run: SyncRun, batches: Sequence[Batch], *, trusted: bool, unmet: set[str] | None = None
) -> list[Merged]:
    """Inside a transaction: merge each batch into its table.

    The latest version of an object within a batch wins, of equal ones the last. ``trusted`` says that the records were
    just read from the vendor's own store, so that they win over any version. ``unmet`` are streams of which no object
    is believed to be stored yet; one that is met leaves the set.
    """
    return [_merge(run, batch, trusted, set() if unmet is None else unmet) for batch in batches]


def forget_children(run: SyncRun, stream: str, parents: list[str]) -> int:
    """Inside a transaction: mark all children of ``parents`` as gone; returns how many."""
    return _forget(run, Batch(stream, [], parents))


def erase_children(run: SyncRun, stream: str, parents: list[str]) -> int:
    """Inside a transaction: remove what is stored of all children of erased ``parents``; returns how many."""
    statement = sql.SQL(_ERASE).format(
        table=raw_table(run.vendor, stream), tenant=sql.Literal(run.tenant_id), run=sql.Literal(run.run_id)
    )
    return run.connection.execute(statement, (parents,)).rowcount


def count_stored(doors: Doors, tenant_id: UUID, vendor: str, stream: str) -> tuple[int, list[str]]:
    """How many objects of a stream are stored, and the ids of those that left nothing but that they were erased."""
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id, read_only=True) as connection:
        row = connection.execute(
            sql.SQL(
                "select count(*) filter (where deleted_at is null), "
                "coalesce(array_agg(object_id) filter (where delete_reason = 'erased'), '{{}}') "
                "from {} where tenant_id = %s"
            ).format(raw_table(vendor, stream)),
            (tenant_id,),
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def names_as_parent(stream: str, object_id: str) -> tuple[str, str]:
    """The names by which children may call their parent: its bare id, or its kind and id."""
    return object_id, f"{stream}/{object_id}"


def raw_table(vendor: str, stream: str) -> sql.Identifier:
    """The raw table of a vendor's stream."""
    return sql.Identifier(f"raw_{vendor}", stream)


def _merge(run: SyncRun, batch: Batch, trusted: bool, unmet: set[str]) -> Merged:
    gone = _forget(run, batch) if batch.replaces else 0
    if not batch.records:
        return Merged(gone, 0)
    if batch.stream in unmet:
        added = _insert(run, batch)
        if added is not None:
            return Merged(gone + added, added)
        unmet.remove(batch.stream)
    statement = _statement(_MERGE, run, batch.stream, trusted=sql.Literal(trusted))
    # sent without waiting for an answer: PostgreSQL merges one while the next is written
    with run.connection.pipeline():
        sent = [run.connection.execute(statement, told, prepare=True) for told in _told(_latest(batch.records))]
    changed = added = 0
    for cursor in sent:
        row = cursor.fetchone()
        assert row is not None
        changed, added = changed + int(row[0]), added + int(row[1])
    return Merged(gone + changed, added)


def _insert(run: SyncRun, batch: Batch) -> int | None:
    """Insert the records as they are; None, and nothing done, where one of them is there already."""
    statement = _statement(_INSERT, run, batch.stream)
    try:
        with run.connection.transaction(), run.connection.pipeline():
            for told in _told(batch.records):
                run.connection.execute(statement, told, prepare=True)
    except psycopg.errors.UniqueViolation:
        return None
    return len(batch.records)


def _statement(text: str, run: SyncRun, stream: str, **more: sql.Composable) -> sql.Composed:
    incoming = sql.SQL(_INCOMING).format(tenant=sql.Literal(run.tenant_id), run=sql.Literal(run.run_id))
    return sql.SQL(text).format(table=raw_table(run.vendor, stream), incoming=incoming, **more)


def _latest(records: list[Record]) -> Iterable[Record]:
    """One record an object: a statement can't write a row twice."""
    if len({record.object_id for record in records}) == len(records):
        return records
    latest: dict[str, Record] = {}
    for record in records:
        known = latest.get(record.object_id)
        if known is None or (record.modified_at or _NEVER) >= (known.modified_at or _NEVER):
            latest[record.object_id] = record
    return latest.values()


def _forget(run: SyncRun, batch: Batch) -> int:
    statement = sql.SQL(_FORGET).format(
        table=raw_table(run.vendor, batch.stream), tenant=sql.Literal(run.tenant_id), run=sql.Literal(run.run_id)
    )
    read = [record.object_id for record in batch.records]
    # planned with the arrays at hand, which are then hashed; a prepared plan would search them row by row
    return run.connection.execute(statement, (batch.replaces, read), prepare=False).rowcount


def _told(records: Iterable[Record]) -> Iterator[tuple[Jsonb, Jsonb]]:
    """What each statement is told: of its rows all but the payloads, and the payloads."""
    rows: list[tuple[str, str, datetime | None, str | None]] = []
    payloads: list[bytes] = []
    size = 0
    for record in records:
        payload = record.payload
        reason = (record.reason or "deleted") if record.deleted else None
        rows.append((record.object_id, digest_of(record).hex(), record.modified_at, reason))
        payloads.append(payload or b"{}")
        size += len(payload)
        if size >= _STATEMENT_BYTES or len(rows) == _STATEMENT_ROWS:
            yield _as_json(rows, payloads)
            rows, payloads, size = [], [], 0
    if rows:
        yield _as_json(rows, payloads)


def _as_json(rows: list[tuple[str, str, datetime | None, str | None]], payloads: list[bytes]) -> tuple[Jsonb, Jsonb]:
    text = b"".join((b"[", b",".join(payloads), b"]"))
    if b"\\" in text and b"\\u0000" in text:
        text = _NUL.sub(rb"\1\\ufffd", text)
    return Jsonb(rows, orjson.dumps), Jsonb(text, bytes)


def digest_of(record: Record) -> bytes:
    """The hash by which a payload is told from another, as stored; empty for none."""
    if record.digest is not None:
        return record.digest
    return blake2b(record.payload, digest_size=_DIGEST).digest() if record.payload else b""
