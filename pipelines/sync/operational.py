"""The operational database into its raw copies: windows of finished transactions, so that no late commit is lost.

The proof of the window is in docs/decisions/0004-operational-watermark.md.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from pipelines.sync.journal import StreamResult, SyncRun, open_run
from tekup.db import Database, Doors, Role, bound

VENDOR = "operational"
ENTITIES = (
    "tenants",
    "application_data",
    "companies",
    "contacts",
    "pipelines",
    "stages",
    "campaigns",
    "campaign_spend",
    "leads",
    "deals",
    "activities",
    "touchpoints",
    "identities",
    "experiments",
)
_OWN_COLUMNS = ("deleted_at", "synced_at")


def pull_operational(
    doors: Doors,
    tenant_id: UUID,
    *,
    full: bool = False,
    on_chunk: Callable[[StreamResult], None] | None = None,
) -> list[StreamResult]:
    """Bring the raw copies of the tenant's operational tables up to date, and say what was done.

    Reads one repeatable-read snapshot as the pipeline's role under the tenant's own policy, so it takes no lock and
    sees no other tenant. Each entity's rows, deletions and cursor commit together.

    Raises:
        SyncBusy: another process pulls the same tenant.
        DatabaseUnavailable: one of the databases can't be reached.
    """
    results: list[StreamResult] = []
    with (
        open_run(doors, tenant_id, VENDOR, results) as run,
        doors.tenant_transaction(
            Database.OPERATIONAL, Role.PIPELINE, tenant_id, read_only=True, isolation="REPEATABLE READ"
        ) as source,
    ):
        high, system = _window_end(source)
        for entity in ENTITIES:
            result = StreamResult(entity)
            results.append(result)
            low = 0 if full else _window_start(run.cursor(entity), high, system)
            _pull_entity(run, source, result, low, high, system)
            if on_chunk is not None:
                on_chunk(result)
    return results


def _window_end(source: psycopg.Connection) -> tuple[int, str]:
    """The lowest transaction still in progress, taken before any row is read, and the cluster's identity."""
    row = source.execute(
        "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (pg_control_system()).system_identifier::text"
    ).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def _window_start(cursor: dict[str, Any] | None, high: int, system: str) -> int:
    """The last window's end; a cluster that is another one, or went back in time, is read from its beginning."""
    if cursor is None or cursor.get("system") != system or int(cursor["xid"]) > high:
        return 0
    return int(cursor["xid"])


def _pull_entity(
    run: SyncRun, source: psycopg.Connection, result: StreamResult, low: int, high: int, system: str
) -> None:
    target = run.connection
    columns = _columns(target, result.stream)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    window = sql.SQL(
        "tenant_id = {tenant} and changed_xid >= {low}::text::xid8 and changed_xid < {high}::text::xid8"
    ).format(tenant=sql.Literal(run.tenant_id), low=sql.Literal(str(low)), high=sql.Literal(str(high)))
    stage = sql.Identifier(f"incoming_{result.stream}")
    raw = sql.Identifier("raw_operational", result.stream)
    with bound(target, run.tenant_id):
        target.execute(
            sql.SQL("create temporary table if not exists {} (like {}) on commit delete rows").format(stage, raw)
        )
        target.execute(sql.SQL("alter table {} alter synced_at set default now()").format(stage))
        select = sql.SQL("copy (select {} from app.{} where {}) to stdout (format binary)").format(
            names, sql.Identifier(result.stream), window
        )
        with (
            source.cursor().copy(select) as reader,
            target.cursor().copy(sql.SQL("copy {} ({}) from stdin (format binary)").format(stage, names)) as writer,
        ):
            for block in reader:
                writer.write(block)
        read, changed = _merge(target, raw, stage, columns)
        buried = _bury(target, source, raw, result.stream, window)
        run.commit_chunk(result, {"xid": high, "system": system}, read + buried, changed + buried)


def _merge(
    target: psycopg.Connection, raw: sql.Composable, stage: sql.Composable, columns: list[str]
) -> tuple[int, int]:
    row = target.execute(sql.SQL("select count(*) from {}").format(stage)).fetchone()
    assert row is not None
    if not row[0]:
        return 0, 0
    updates = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
        for name in columns
        if name not in ("tenant_id", "id")
    )
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    changed = target.execute(
        sql.SQL(
            "insert into {raw} as t ({names}) select {names} from {stage} on conflict (tenant_id, id) do update "
            "set {updates}, deleted_at = null, synced_at = now() where excluded.changed_xid > t.changed_xid "
            "or (excluded.changed_xid = t.changed_xid and t.deleted_at is not null)"
        ).format(raw=raw, names=names, stage=stage, updates=updates)
    ).rowcount
    return int(row[0]), changed


def _bury(
    target: psycopg.Connection, source: psycopg.Connection, raw: sql.Composable, entity: str, window: sql.Composable
) -> int:
    """Mark deleted rows. On equal stamps the live row wins: it was written again by the deleting transaction."""
    tombs = source.execute(
        sql.SQL(
            "select distinct on (entity_id) entity_id, changed_xid::text, deleted_at from app.tombstones "
            "where entity = {} and {} order by entity_id, changed_xid desc"
        ).format(sql.Literal(entity), window)
    ).fetchall()
    if not tombs:
        return 0
    return target.execute(
        sql.SQL(
            "update {} as t set deleted_at = b.deleted_at, changed_xid = b.xid::xid8, synced_at = now() "
            "from unnest(%s::uuid[], %s::text[], %s::timestamptz[]) as b (id, xid, deleted_at) "
            "where t.id = b.id and t.tenant_id = current_setting('app.tenant_id')::uuid "
            "and t.deleted_at is null and t.changed_xid < b.xid::xid8"
        ).format(raw),
        ([tomb[0] for tomb in tombs], [tomb[1] for tomb in tombs], [tomb[2] for tomb in tombs]),
    ).rowcount


def _columns(target: psycopg.Connection, entity: str) -> list[str]:
    rows = target.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped "
        "order by attnum",
        (f"raw_operational.{entity}",),
    ).fetchall()
    return [row[0] for row in rows if row[0] not in _OWN_COLUMNS]
