"""The record of each sync: its lock, its run, its chunks and its cursors. Rows are merged elsewhere."""

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tekup.db import Database, Doors, Role, bound
from tekup.errors import TekupError
from tekup.ids import uuid7

LOCK_PATIENCE_MS = 2_000
VOID = {"void": True}
"""The cursor of a stream that is to be read from its beginning, whoever gets to it."""
KEPT_DAYS = 90
"""How long the record of a run is kept."""


class SyncBusy(TekupError):
    """Another process is syncing the same tenant and source."""


class TenantSuspended(TekupError):
    """Nothing is pulled for a tenant that is suspended."""


@dataclass(slots=True)
class StreamResult:
    """What one stream's sync read and changed; ``expected`` is the vendor's own count of what this read will tell."""

    stream: str
    rows_read: int = 0
    rows_changed: int = 0
    pages: int = 0
    requests: int = 0
    retries: int = 0
    throttled_ms: int = 0
    received: int = 0
    expected: int | None = None
    chunks: int = 0
    revision: int = 0
    blocked: str | None = None
    new_fields: list[str] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a stream stood when the run began."""

    cursor: dict[str, Any]
    revision: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One open run of one tenant and source, on one warehouse connection that holds its lock."""

    connection: psycopg.Connection
    tenant_id: UUID
    vendor: str
    run_id: UUID

    def standings(self) -> dict[str, Standing]:
        """Where each stream stands; one that was never pulled is not there."""
        with bound(self.connection, self.tenant_id):
            rows = self.connection.execute(
                "select stream, cursor, revision, updated_at from ops.sync_cursor where tenant_id = %s and vendor = %s",
                (self.tenant_id, self.vendor),
            ).fetchall()
        return {row[0]: Standing(*row[1:]) for row in rows}

    def commit_chunk(
        self, result: StreamResult, cursor: dict[str, Any] | None, read: int, changed: int, *, is_side: bool = False
    ) -> None:
        """Inside the chunk's transaction: store the cursor and what the chunk did, so that they commit together.

        Without a cursor (rows that were read out of turn) the stored one stays.
        """
        result.rows_read += read
        result.rows_changed += changed
        if not (is_side and changed == 0):
            result.revision = self._move(result.stream, cursor, int(changed > 0))
        if read:
            self.connection.execute(
                "insert into ops.sync_chunk (tenant_id, run_id, vendor, stream, chunk, rows_read, rows_changed) "
                "values (%s, %s, %s, %s, %s, %s, %s)",
                (self.tenant_id, self.run_id, self.vendor, result.stream, result.chunks, read, changed),
            )
        result.chunks += 1
        self.note_stream(result)

    def _move(self, stream: str, cursor: dict[str, Any] | None, step: int) -> int:
        row = self.connection.execute(
            "insert into ops.sync_cursor as c (tenant_id, vendor, stream, cursor, revision) "
            "values (%(tenant)s, %(vendor)s, %(stream)s, coalesce(%(cursor)s::jsonb, '{}'), %(step)s) "
            "on conflict (tenant_id, vendor, stream) do update set cursor = coalesce(%(cursor)s::jsonb, c.cursor), "
            "revision = c.revision + excluded.revision, "
            "updated_at = case when %(cursor)s::jsonb is null then c.updated_at else clock_timestamp() end "
            "returning revision",
            {
                "tenant": self.tenant_id,
                "vendor": self.vendor,
                "stream": stream,
                "cursor": None if cursor is None else Jsonb(cursor),
                "step": step,
            },
        ).fetchone()
        assert row is not None
        return int(row[0])

    def note_stream(self, result: StreamResult) -> None:
        """Inside a transaction: store what the run did for one stream so far."""
        values = {
            "rows_read": result.rows_read,
            "rows_changed": result.rows_changed,
            "pages": result.pages,
            "requests": result.requests,
            "retries": result.retries,
            "throttled_ms": result.throttled_ms,
            "bytes_received": result.received,
            "expected": result.expected,
            "blocked": result.blocked,
            "started_at": result.started_at,
            "finished_at": result.finished_at,
        }
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        self.connection.execute(
            sql.SQL(
                "insert into ops.sync_stream_run (tenant_id, run_id, vendor, stream, {names}) values ({holes}) "
                "on conflict (tenant_id, run_id, stream) do update set {updates}"
            ).format(
                names=names,
                holes=sql.SQL(", ").join([sql.Placeholder()] * (len(values) + 4)),
                updates=sql.SQL(", ").join(
                    sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in values
                ),
            ),
            (self.tenant_id, self.run_id, self.vendor, result.stream, *values.values()),
        )


@contextlib.contextmanager
def open_run(doors: Doors, tenant_id: UUID, vendor: str, results: Mapping[str, StreamResult]) -> Iterator[SyncRun]:
    """Hold the tenant's and source's lock for one run, and record how it ended.

    The lock belongs to the database session: a killed process loses it with its connection. A run that it left
    as running is marked failed by the next one.

    Raises:
        SyncBusy: another process holds the lock.
        TenantSuspended: the tenant is suspended.
    """
    _refuse_suspended(doors, tenant_id)
    with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as connection:
        _lock(connection, tenant_id, vendor)
        run = SyncRun(connection, tenant_id, vendor, uuid7())
        _begin(run)
        try:
            yield run
        except BaseException as error:
            _end(run, results, error)
            raise
        _end(run, results, None)
        connection.execute("select pg_advisory_unlock(%s)", (_lock_key(tenant_id, vendor),))


def _refuse_suspended(doors: Doors, tenant_id: UUID) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True) as connection:
        row = connection.execute("select status from app.tenants where id = %s", (tenant_id,)).fetchone()
    if row is not None and row[0] != "active":
        raise TenantSuspended(f"tenant {tenant_id} is {row[0]}", hint="`tekup tenant resume TENANT` lets it go on")


@contextlib.contextmanager
def hold_source(doors: Doors, tenant_id: UUID, vendor: str, *, patience_ms: int = LOCK_PATIENCE_MS) -> Iterator[None]:
    """Keep every pull of the tenant and source away for a while; one that is under way is waited for.

    Raises:
        SyncBusy: it takes longer than that.
    """
    with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as connection:
        _lock(connection, tenant_id, vendor, patience_ms)
        yield


def _lock(connection: psycopg.Connection, tenant_id: UUID, vendor: str, patience_ms: int = LOCK_PATIENCE_MS) -> None:
    """Take the lock; a moment's patience, since the server needs one to notice that a killed holder is gone."""
    connection.execute(f"set lock_timeout = '{patience_ms}ms'")
    try:
        connection.execute("select pg_advisory_lock(%s)", (_lock_key(tenant_id, vendor),))
    except psycopg.errors.LockNotAvailable:
        raise SyncBusy(
            f"{vendor} of tenant {tenant_id} is being pulled by another process",
            hint="wait for it to end; `tekup status` shows when",
        ) from None
    connection.execute("set lock_timeout = 0")


def _begin(run: SyncRun) -> None:
    with bound(run.connection, run.tenant_id):
        run.connection.execute(
            "update ops.sync_run set status = 'failed', error = 'interrupted', finished_at = now() "
            "where tenant_id = %s and vendor = %s and status = 'running'",
            (run.tenant_id, run.vendor),
        )
        run.connection.execute(
            "insert into ops.sync_run (tenant_id, run_id, vendor, status) values (%s, %s, %s, 'running')",
            (run.tenant_id, run.run_id, run.vendor),
        )
        _forget_old_runs(run)


def _forget_old_runs(run: SyncRun) -> None:
    old = run.connection.execute(
        "delete from ops.sync_run where tenant_id = %s and vendor = %s "
        "and started_at < now() - make_interval(days => %s) returning run_id",
        (run.tenant_id, run.vendor, KEPT_DAYS),
    ).fetchall()
    if old:
        for table in ("sync_chunk", "sync_stream_run"):
            run.connection.execute(
                sql.SQL("delete from {} where tenant_id = %s and run_id = any(%s)").format(
                    sql.Identifier("ops", table)
                ),
                (run.tenant_id, [row[0] for row in old]),
            )


def _end(run: SyncRun, results: Mapping[str, StreamResult], error: BaseException | None) -> None:
    if run.connection.closed:
        return
    with bound(run.connection, run.tenant_id):
        run.connection.execute(
            "update ops.sync_run set status = %s, error = %s, hint = %s, rows_read = %s, rows_changed = %s, "
            "requests = %s, retries = %s, throttled_ms = %s, finished_at = now() where tenant_id = %s and run_id = %s",
            (
                "failed" if error else "succeeded",
                _first_line(error),
                error.hint if isinstance(error, TekupError) else None,
                sum(r.rows_read for r in results.values()),
                sum(r.rows_changed for r in results.values()),
                sum(r.requests for r in results.values()),
                sum(r.retries for r in results.values()),
                sum(r.throttled_ms for r in results.values()),
                run.tenant_id,
                run.run_id,
            ),
        )


def _first_line(error: BaseException | None) -> str | None:
    if error is None:
        return None
    what = error.what if isinstance(error, TekupError) else f"{type(error).__name__}: {error}"
    return what.splitlines()[0][:500] if what else type(error).__name__


def _lock_key(tenant_id: UUID, vendor: str) -> int:
    digest = hashlib.blake2b(f"sync\x1f{tenant_id}\x1f{vendor}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
