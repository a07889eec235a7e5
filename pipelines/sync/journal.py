"""The record of each sync: its lock, its run, its chunks and its cursors. Rows are merged elsewhere."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tekup.db import Database, Doors, Role, bound
from tekup.errors import TekupError
from tekup.ids import uuid7

LOCK_PATIENCE_MS = 2_000


class SyncBusy(TekupError):
    """Another process is syncing the same tenant and source."""


@dataclass(slots=True)
class StreamResult:
    """What one stream's sync read and changed."""

    stream: str
    rows_read: int = 0
    rows_changed: int = 0
    requests: int = 0
    retries: int = 0
    throttled_ms: int = 0
    chunks: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One open run of one tenant and source, on one warehouse connection that holds its lock."""

    connection: psycopg.Connection
    tenant_id: UUID
    vendor: str
    run_id: UUID

    def cursor(self, stream: str) -> dict[str, Any] | None:
        """Where the stream stands, or None where it was never pulled."""
        with bound(self.connection, self.tenant_id):
            row = self.connection.execute(
                "select cursor from ops.sync_cursor where tenant_id = %s and vendor = %s and stream = %s",
                (self.tenant_id, self.vendor, stream),
            ).fetchone()
        return None if row is None else dict(row[0])

    def commit_chunk(self, result: StreamResult, cursor: dict[str, Any], read: int, changed: int) -> None:
        """Inside the chunk's transaction: store the cursor and what the chunk did, so that they commit together."""
        row = self.connection.execute(
            "insert into ops.sync_cursor as c (tenant_id, vendor, stream, cursor, revision) "
            "values (%s, %s, %s, %s, %s) on conflict (tenant_id, vendor, stream) do update "
            "set cursor = excluded.cursor, revision = c.revision + excluded.revision, updated_at = now() "
            "returning revision",
            (self.tenant_id, self.vendor, result.stream, Jsonb(cursor), int(changed > 0)),
        ).fetchone()
        assert row is not None
        if read:
            self.connection.execute(
                "insert into ops.sync_chunk (tenant_id, run_id, vendor, stream, chunk, rows_read, rows_changed) "
                "values (%s, %s, %s, %s, %s, %s, %s)",
                (self.tenant_id, self.run_id, self.vendor, result.stream, result.chunks, read, changed),
            )
        result.revision = row[0]
        result.chunks += 1
        result.rows_read += read
        result.rows_changed += changed


@contextlib.contextmanager
def open_run(doors: Doors, tenant_id: UUID, vendor: str, results: list[StreamResult]) -> Iterator[SyncRun]:
    """Hold the tenant's and source's lock for one run, and record how it ended.

    The lock belongs to the database session: a killed process loses it with its connection. A run that it left
    as running is marked failed by the next one.

    Raises:
        SyncBusy: another process holds the lock.
    """
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


def _lock(connection: psycopg.Connection, tenant_id: UUID, vendor: str) -> None:
    """Take the lock; a moment's patience, since the server needs one to notice that a killed holder is gone."""
    connection.execute(f"set lock_timeout = '{LOCK_PATIENCE_MS}ms'")
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


def _end(run: SyncRun, results: list[StreamResult], error: BaseException | None) -> None:
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
                sum(r.rows_read for r in results),
                sum(r.rows_changed for r in results),
                sum(r.requests for r in results),
                sum(r.retries for r in results),
                sum(r.throttled_ms for r in results),
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
