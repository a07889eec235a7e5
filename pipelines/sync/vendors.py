"""One vendor's streams into their raw tables: pages fetched ahead, loaded in chunks, each chunk one transaction."""

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from psycopg import sql

from integrations.source import Cursor, Page, Record, Source
from pipelines.sync.journal import StreamResult, SyncRun, open_run
from tekup.db import Doors, bound

CHUNK_ROWS = 2_000
PAGES_AHEAD = 8

_STAGE = """
create temporary table if not exists incoming (
    object_id text not null, payload jsonb, payload_hash bytea, modified_at timestamptz,
    is_deleted boolean not null, ordinal integer not null
) on commit delete rows
"""

# The last version of an object within a chunk wins; an older version never overwrites a newer one; a deletion
# keeps the last payload; a row that says the same again is not written.
_MERGE = """
insert into {table} as t
    (tenant_id, object_id, payload, payload_hash, source_modified_at, deleted_at, run_id)
select distinct on (object_id)
    {tenant}, object_id, coalesce(payload, '{{}}'), coalesce(payload_hash, ''), modified_at,
    case when is_deleted then coalesce(modified_at, now()) end, {run}
from incoming
order by object_id, ordinal desc
on conflict (tenant_id, object_id) do update set
    payload = case when excluded.deleted_at is null then excluded.payload else t.payload end,
    payload_hash = case when excluded.deleted_at is null then excluded.payload_hash else t.payload_hash end,
    source_modified_at = coalesce(excluded.source_modified_at, t.source_modified_at),
    deleted_at = excluded.deleted_at,
    synced_at = now(),
    run_id = excluded.run_id
where (t.deleted_at is null) is distinct from (excluded.deleted_at is null)
   or (excluded.deleted_at is null and t.payload_hash is distinct from excluded.payload_hash
       and (excluded.source_modified_at is null or t.source_modified_at is null
            or excluded.source_modified_at >= t.source_modified_at))
"""

# Associations have no deletions of their own: a parent that was read again tells all that it has.
_FORGET = """
update {table} as t set deleted_at = now(), synced_at = now()
where t.tenant_id = {tenant} and t.deleted_at is null and split_part(t.object_id, ':', 1) = any(%s)
  and not exists (select from incoming as i where i.object_id = t.object_id)
"""


def pull_vendor(
    doors: Doors,
    tenant_id: UUID,
    source: Source,
    *,
    full: bool = False,
    on_chunk: Callable[[StreamResult], None] | None = None,
) -> list[StreamResult]:
    """Bring the tenant's raw tables of ``source`` up to date, stream by stream, and say what was done.

    Resumes each stream after its last committed chunk; ``full`` reads every stream from its beginning. Repeating a
    page changes nothing.

    Raises:
        SyncBusy: another process pulls the same tenant and source.
        VendorError: the vendor failed for good; what was committed before stays.
    """
    results: list[StreamResult] = []
    with open_run(doors, tenant_id, source.vendor, results) as run:
        run.connection.execute(_STAGE)
        for stream in source.streams:
            result = StreamResult(stream)
            results.append(result)
            cursor = None if full else run.cursor(stream)
            for chunk in _chunks(_ahead(source.pages(stream, cursor)), result):
                _load(run, source.vendor, result, chunk)
                if on_chunk is not None:
                    on_chunk(result)
    return results


@dataclass(slots=True)
class _Chunk:
    """Pages joined up to the chunk size; the last page's cursor stands for all."""

    records: list[Record] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    cursor: Cursor | None = None

    def add(self, page: Page) -> None:
        self.records.extend(page.records)
        self.replaces.extend(page.replaces)
        self.cursor = page.cursor


def _chunks(pages: Iterator[Page], result: StreamResult) -> Iterator[_Chunk]:
    chunk = _Chunk()
    for page in pages:
        result.requests += page.requests
        result.retries += page.retries
        result.throttled_ms += page.throttled_ms
        chunk.add(page)
        if len(chunk.records) >= CHUNK_ROWS:
            yield chunk
            chunk = _Chunk()
    if chunk.cursor is not None:
        yield chunk


def _load(run: SyncRun, vendor: str, result: StreamResult, chunk: _Chunk) -> None:
    assert chunk.cursor is not None
    table = sql.Identifier(f"raw_{vendor}", result.stream)
    with bound(run.connection, run.tenant_id):
        _stage(run.connection, chunk.records)
        changed = 0
        if chunk.replaces:
            changed += run.connection.execute(
                sql.SQL(_FORGET).format(table=table, tenant=sql.Literal(run.tenant_id)), (chunk.replaces,)
            ).rowcount
        if chunk.records:
            merge = sql.SQL(_MERGE).format(table=table, tenant=sql.Literal(run.tenant_id), run=sql.Literal(run.run_id))
            changed += run.connection.execute(merge).rowcount
        run.commit_chunk(result, chunk.cursor, len(chunk.records), changed)


def _stage(connection: psycopg.Connection, records: list[Record]) -> None:
    if not records:
        return
    columns = "object_id, payload, payload_hash, modified_at, is_deleted, ordinal"
    with connection.cursor().copy(f"copy incoming ({columns}) from stdin") as copy:
        for ordinal, record in enumerate(records):
            payload = record.payload.decode() if record.payload else None
            digest = hashlib.blake2b(record.payload, digest_size=16).digest()
            copy.write_row((record.object_id, payload, digest, record.modified_at, record.deleted, ordinal))


def _ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """The same pages, fetched by a second thread up to `PAGES_AHEAD` in front of the load."""
    waiting: queue.Queue[Page | BaseException | None] = queue.Queue(PAGES_AHEAD)
    stopped = threading.Event()

    def put(item: Page | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for page in pages:
                if not put(page):
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=fetch, name="fetch-ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
