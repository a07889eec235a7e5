"""Records into one raw table, once in effect: staged by binary COPY, merged by guarded upsert. No cursor here."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import psycopg
from psycopg import sql

from integrations.source import Record
from pipelines.sync.journal import SyncRun
from tekup.db import Database, Doors, Role

_STAGE = """
create temporary table if not exists incoming (
    batch integer not null, ordinal integer not null, object_id text not null, payload jsonb, payload_hash bytea,
    modified_at timestamptz, is_deleted boolean not null, delete_reason text
) on commit delete rows
"""

# The latest version of an object within a batch wins, of equal ones the last. Unless the reader vouches for it
# ({trusted}), an older version never overwrites a newer one and never revives or buries it: pages come late and twice.
# A deletion keeps the last payload, an erasure does not. A row that says the same again is not written.
_MERGE = """
with merged as (
    insert into {table} as t
        (tenant_id, object_id, payload, payload_hash, source_modified_at, deleted_at, delete_reason, run_id)
    select distinct on (object_id)
        {tenant}, object_id, coalesce(payload, '{{}}'), coalesce(payload_hash, ''), modified_at,
        case when is_deleted then coalesce(modified_at, now()) end,
        case when is_deleted then coalesce(delete_reason, 'deleted') end, {run}
    from incoming where batch = {batch}
    order by object_id, coalesce(modified_at, 'infinity') desc, ordinal desc
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
               or (excluded.deleted_at is null and t.payload_hash is distinct from excluded.payload_hash))
       )
    returning (xmax = 0) as is_new
)
select count(*), count(*) filter (where is_new) from merged
"""

# Where a first load meets an empty table there is nothing to compare with: neither sorted nor probed for, rows cost a
# seventh less. An object that comes twice breaks the key, and the batch is then merged.
_INSERT = """
insert into {table}
    (tenant_id, object_id, payload, payload_hash, source_modified_at, deleted_at, delete_reason, run_id)
select
    {tenant}, object_id, coalesce(payload, '{{}}'), coalesce(payload_hash, ''), modified_at,
    case when is_deleted then coalesce(modified_at, now()) end,
    case when is_deleted then coalesce(delete_reason, 'deleted') end, {run}
from incoming where batch = {batch}
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

_COPY = (
    "copy incoming (batch, ordinal, object_id, payload, payload_hash, modified_at, is_deleted, delete_reason) "
    "from stdin (format binary)"
)
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_HEAD = struct.Struct("!hiiiii")  # 8 fields; two integers of 4 bytes, then the length of the text
_JSONB = struct.Struct("!ib")  # the length, then the version of the format, which counts in it
_DIGEST = 16
_HASH = struct.pack("!i", _DIGEST)
_LENGTH = struct.Struct("!i")
_LIVE = struct.Struct("!iqibi")  # when it changed, not deleted, no reason
_LIVE_UNDATED = _NULL + struct.pack("!ibi", 1, 0, -1)
_STAMP = struct.Struct("!iq")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
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


def prepare_stage(connection: psycopg.Connection) -> None:
    """Make the session's staging table."""
    connection.execute(_STAGE)


def merge_batches(
    run: SyncRun, batches: Sequence[Batch], *, trusted: bool, unmet: set[str] | None = None
) -> list[Merged]:
    """Inside a transaction: stage all batches by one COPY and merge each into its table.

    ``trusted`` says that the records were just read from the vendor's own store, so that they win over any version.
    ``unmet`` are streams of which no object is believed to be stored yet; one that is met leaves the set.
    """
    _copy(run.connection, batches)
    return [
        _merge(run, number, batch, trusted, set() if unmet is None else unmet) for number, batch in enumerate(batches)
    ]


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


def _merge(run: SyncRun, number: int, batch: Batch, trusted: bool, unmet: set[str]) -> Merged:
    gone = _forget(run, batch) if batch.replaces else 0
    if not batch.records:
        return Merged(gone, 0)
    if batch.stream in unmet:
        added = _insert(run, number, batch)
        if added is not None:
            return Merged(gone + added, added)
        unmet.remove(batch.stream)
    row = run.connection.execute(
        sql.SQL(_MERGE).format(
            table=raw_table(run.vendor, batch.stream),
            tenant=sql.Literal(run.tenant_id),
            run=sql.Literal(run.run_id),
            batch=sql.Literal(number),
            trusted=sql.Literal(trusted),
        )
    ).fetchone()
    assert row is not None
    return Merged(gone + int(row[0]), int(row[1]))


def _insert(run: SyncRun, number: int, batch: Batch) -> int | None:
    """Insert the staged rows as they are; None, and nothing done, where one of them is there already."""
    statement = sql.SQL(_INSERT).format(
        table=raw_table(run.vendor, batch.stream),
        tenant=sql.Literal(run.tenant_id),
        run=sql.Literal(run.run_id),
        batch=sql.Literal(number),
    )
    try:
        with run.connection.transaction():
            return run.connection.execute(statement).rowcount
    except psycopg.errors.UniqueViolation:
        return None


def _forget(run: SyncRun, batch: Batch) -> int:
    statement = sql.SQL(_FORGET).format(
        table=raw_table(run.vendor, batch.stream), tenant=sql.Literal(run.tenant_id), run=sql.Literal(run.run_id)
    )
    read = [record.object_id for record in batch.records]
    # planned with the arrays at hand, which are then hashed; a prepared plan would search them row by row
    return run.connection.execute(statement, (batch.replaces, read), prepare=False).rowcount


def _copy(connection: psycopg.Connection, batches: Sequence[Batch]) -> None:
    if not any(batch.records for batch in batches):
        return
    with connection.cursor().copy(_COPY) as copy:
        copy.write(_HEADER)
        for number, batch in enumerate(batches):
            copy.write(_binary(number, batch.records))
        copy.write(_TRAILER)


def _binary(batch: int, records: Sequence[Record]) -> bytes:
    """The records as rows of a binary COPY; joined once, since each further copy of the payloads is felt."""
    parts: list[bytes] = []
    for ordinal, record in enumerate(records):
        name = record.object_id.encode()
        parts += (_HEAD.pack(8, 4, batch, 4, ordinal, len(name)), name)
        if payload := record.payload:
            if b"\\u0000" in payload:
                payload = _NUL.sub(rb"\1\\ufffd", payload)
            parts += (_JSONB.pack(len(payload) + 1, 1), payload, _HASH, digest_of(record))
        else:
            parts += (_NULL, _NULL)
        parts.append(_state(record))
    return b"".join(parts)


def _state(record: Record) -> bytes:
    """A row's last three fields: when it changed, whether it is gone, and why."""
    moment = record.modified_at
    if not record.deleted and record.reason is None:
        return _LIVE_UNDATED if moment is None else _LIVE.pack(8, _microseconds(moment), 1, 0, -1)
    stamp = _NULL if moment is None else _STAMP.pack(8, _microseconds(moment))
    flag = b"\x00\x00\x00\x01\x01" if record.deleted else b"\x00\x00\x00\x01\x00"
    if record.reason is None:
        return stamp + flag + _NULL
    reason = record.reason.encode()
    return stamp + flag + _LENGTH.pack(len(reason)) + reason


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def digest_of(record: Record) -> bytes:
    """The hash by which a payload is told from another, as stored; empty for none."""
    if record.digest is not None:
        return record.digest
    return blake2b(record.payload, digest_size=_DIGEST).digest() if record.payload else b""
