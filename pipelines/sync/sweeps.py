"""Full reads: what is stored and no longer told by the vendor is gone. A sweep survives its process.

Which rows were merged meanwhile is decided in `rows`; when a full read begins is decided in `vendors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.types.json import Jsonb

from integrations.source import Record
from pipelines.sync.journal import VOID, SyncRun
from pipelines.sync.rows import forget_children, names_as_parent, raw_table
from tekup.db import bound
from tekup.errors import VendorError

DOUBTFUL_ROWS = 100
"""With at least so many stored rows, a sweep that would bury more than half of them asks before it does."""


@dataclass(slots=True)
class Sweep:
    """One stream's full read under way."""

    stream: str
    started_at: datetime
    missing: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a full read found wrong, and mended."""

    missing: int
    stale: int
    vanished: int


def open_sweeps(run: SyncRun) -> dict[str, Sweep]:
    """The sweeps that an earlier run began and did not end."""
    with bound(run.connection, run.tenant_id):
        rows = run.connection.execute(
            "select stream, started_at, missing_count, stale_count from ops.sweep where tenant_id = %s and vendor = %s",
            (run.tenant_id, run.vendor),
        ).fetchall()
    return {row[0]: Sweep(*row) for row in rows}


def begin_sweep(run: SyncRun, stream: str) -> Sweep | None:
    """Begin to note what is seen; None where nothing is stored yet, so that nothing can be gone.

    The cursor is voided with it: a sweep that dies before its first page must not end after a few changes only.
    """
    with bound(run.connection, run.tenant_id):
        stored = run.connection.execute(
            sql.SQL("select exists (select from {} where tenant_id = %s and deleted_at is null)").format(
                raw_table(run.vendor, stream)
            ),
            (run.tenant_id,),
        ).fetchone()
        if stored == (False,):
            return None
        run.connection.execute(
            "delete from ops.sweep_seen where tenant_id = %s and vendor = %s and stream = %s",
            (run.tenant_id, run.vendor, stream),
        )
        run.connection.execute(
            "update ops.sync_cursor set cursor = %s where tenant_id = %s and vendor = %s and stream = %s",
            (Jsonb(VOID), run.tenant_id, run.vendor, stream),
        )
        row = run.connection.execute(
            "insert into ops.sweep (tenant_id, vendor, stream) values (%s, %s, %s) "
            "on conflict (tenant_id, vendor, stream) do update set started_at = clock_timestamp(), "
            "missing_count = 0, stale_count = 0 returning started_at",
            (run.tenant_id, run.vendor, stream),
        ).fetchone()
    assert row is not None
    return Sweep(stream, row[0])


def note_seen(run: SyncRun, sweep: Sweep, records: Sequence[Record], missing: int, stale: int) -> None:
    """Inside a chunk's transaction: note the objects that were read as seen, and what was wrong with them."""
    sweep.missing += missing
    sweep.stale += stale
    run.connection.execute(
        "insert into ops.sweep_seen (tenant_id, vendor, stream, object_id) "
        "select distinct %s::uuid, %s, %s, object_id from unnest(%s::text[]) as object_id on conflict do nothing",
        (run.tenant_id, run.vendor, sweep.stream, [record.object_id for record in records if not record.deleted]),
    )
    run.connection.execute(
        "update ops.sweep set missing_count = %s, stale_count = %s "
        "where tenant_id = %s and vendor = %s and stream = %s",
        (sweep.missing, sweep.stale, run.tenant_id, run.vendor, sweep.stream),
    )


def finish_sweep(
    run: SyncRun, sweep: Sweep, sides: tuple[str, ...], *, append_only: bool, accept_losses: bool
) -> tuple[Reconciliation, dict[str, int]]:
    """Bury what the vendor no longer tells, with its children; returns the finding and the children gone per side.

    Raises:
        VendorError: more than half of many rows would go, and nobody said that this is right. Nothing is buried.
    """
    with bound(run.connection, run.tenant_id):
        gone = [] if append_only else _bury(run, sweep, accept_losses)
        parents = [name for one in gone for name in names_as_parent(sweep.stream, one)]
        children = {side: forget_children(run, side, parents) for side in sides} if gone else {}
        found = Reconciliation(sweep.missing, sweep.stale, len(gone))
        store_finding(run, sweep.stream, found, sweep.started_at)
        _clear(run, sweep.stream)
    return found, children


def store_finding(run: SyncRun, stream: str, found: Reconciliation, started_at: datetime) -> None:
    """Inside a transaction: store what a full read found wrong and mended."""
    run.connection.execute(
        "insert into ops.reconciliation "
        "(tenant_id, vendor, stream, run_id, missing_count, stale_count, vanished_count, started_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (tenant_id, vendor, stream) do update set "
        "run_id = excluded.run_id, missing_count = excluded.missing_count, stale_count = excluded.stale_count, "
        "vanished_count = excluded.vanished_count, started_at = excluded.started_at, finished_at = now()",
        (run.tenant_id, run.vendor, stream, run.run_id, found.missing, found.stale, found.vanished, started_at),
    )


def drop_sweep(run: SyncRun, stream: str) -> None:
    """Give up a sweep without a finding; the next full read begins anew."""
    with bound(run.connection, run.tenant_id):
        _clear(run, stream)


def _clear(run: SyncRun, stream: str) -> None:
    for table in ("sweep_seen", "sweep"):
        run.connection.execute(
            sql.SQL("delete from {} where tenant_id = %s and vendor = %s and stream = %s").format(
                sql.Identifier("ops", table)
            ),
            (run.tenant_id, run.vendor, stream),
        )


def _bury(run: SyncRun, sweep: Sweep, accept_losses: bool) -> list[str]:
    table = raw_table(run.vendor, sweep.stream)
    # statistics may know nothing of the tenant yet: each stored row would be compared with each seen one
    run.connection.execute("set local enable_nestloop = off")
    rows = run.connection.execute(
        sql.SQL(
            "update {} as t set deleted_at = clock_timestamp(), delete_reason = 'vanished', "
            "synced_at = clock_timestamp(), run_id = %s "
            "where t.tenant_id = %s and t.deleted_at is null and t.synced_at < %s and not exists ("
            "select from ops.sweep_seen as s where s.tenant_id = t.tenant_id and s.vendor = %s and s.stream = %s "
            "and s.object_id = t.object_id) returning t.object_id"
        ).format(table),
        (run.run_id, run.tenant_id, sweep.started_at, run.vendor, sweep.stream),
    ).fetchall()
    kept = run.connection.execute(
        sql.SQL("select count(*) from {} where tenant_id = %s and deleted_at is null").format(table), (run.tenant_id,)
    ).fetchone()
    assert kept is not None
    stored = len(rows) + kept[0]
    if stored >= DOUBTFUL_ROWS and len(rows) * 2 > stored and not accept_losses:
        raise VendorError(
            f"{run.vendor} no longer shows {len(rows):,} of {stored:,} stored {sweep.stream}; none was marked as gone",
            hint="if that is right: tekup pull TENANT VENDOR --full --accept-losses; else look at the credential",
        )
    return [row[0] for row in rows]
