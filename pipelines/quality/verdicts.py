"""Stores verdicts where their tenant can read them, keeps some of the failing rows, and says who is held.

What is found out is not decided here. Everything runs in a transaction that sees all tenants.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

import psycopg
from psycopg import sql

from pipelines.quality.rules import Verdict
from pipelines.resources.platform import Platform
from tekup.db import Database

KEPT_ROWS = 20
"""Failing rows that are kept per tenant and check."""
_COLUMNS = (
    "tenant_id", "check_name", "is_passed", "severity", "observed", "expected", "boundary", "dimension", "asset",
    "is_blocking",
)  # fmt: skip


def store(connection: psycopg.Connection, judged: Collection[str], verdicts: Sequence[Verdict]) -> None:
    """Replace what is known of the checks ``judged``: a tenant without a verdict is no longer judged by them."""
    names = sorted(judged)
    connection.execute("create temporary table verdict (like ops.check_result including defaults) on commit drop")
    holes = sql.SQL(", ").join(sql.Placeholder() * len(_COLUMNS))
    columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    connection.cursor().executemany(
        sql.SQL("insert into verdict ({}) values ({})").format(columns, holes),
        [tuple(getattr(verdict, column) for column in _COLUMNS) for verdict in verdicts],
    )
    connection.execute(
        "delete from ops.check_result as r where check_name = any(%s) and not exists ("
        "select from verdict as v where v.tenant_id = r.tenant_id and v.check_name = r.check_name)",
        (names,),
    )
    connection.execute(
        sql.SQL(
            "insert into ops.check_result as r ({columns}, failing_since) "
            "select {columns}, case when not is_passed then now() end from verdict "
            "on conflict (tenant_id, check_name) do update set ({columns}) = row ({new}), checked_at = now(), "
            "failed_row_count = 0, failing_since = case when not excluded.is_passed "
            "then coalesce(r.failing_since, excluded.failing_since) end"
        ).format(columns=columns, new=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in _COLUMNS))
    )
    connection.execute("drop table verdict")
    connection.execute("delete from ops.check_failure where check_name = any(%s)", (names,))
    _keep_rows(connection, verdicts)
    _add_up(connection)


def _keep_rows(connection: psycopg.Connection, verdicts: Sequence[Verdict]) -> None:
    failing: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.rows and (verdict.keeps_tolerated or not verdict.is_passed):
            failing[verdict.check_name, verdict.rows].append(verdict.tenant_id)
    for (name, rows), tenants in failing.items():
        query = sql.SQL(
            "with failed as (select f.tenant_id, to_jsonb(f) - 'tenant_id' as failed_row, "
            "row_number() over (partition by f.tenant_id) as row_number, "
            "count(*) over (partition by f.tenant_id) as row_count "
            "from ({rows}) as f where f.tenant_id = any({tenants}::uuid[])), "
            "kept as (insert into ops.check_failure (tenant_id, check_name, row_number, failed_row) "
            "select tenant_id, {name}, row_number, failed_row from failed where row_number <= {most}) "
            "update ops.check_result as r set failed_row_count = f.row_count from failed as f "
            "where f.row_number = 1 and r.tenant_id = f.tenant_id and r.check_name = {name}"
        ).format(rows=sql.SQL(rows), tenants=tenants, name=name, most=KEPT_ROWS)
        connection.execute(query)


def _add_up(connection: psycopg.Connection) -> None:
    """Today's quality, by tenant and dimension, from how all checks stand now."""
    connection.execute("delete from ops.quality_daily where quality_date = (now() at time zone 'UTC')::date")
    connection.execute(
        "insert into ops.quality_daily (tenant_id, quality_date, dimension, check_count, failed_count, "
        "blocking_failed_count, weight_total, weight_passed) "
        "select tenant_id, (now() at time zone 'UTC')::date, dimension, count(*), "
        "count(*) filter (where not is_passed), count(*) filter (where not is_passed and is_blocking), sum(weight), "
        "coalesce(sum(weight) filter (where is_passed), 0) "
        "from ops.check_result cross join lateral (select case severity when 'error' then 3 else 1 end as weight) as w "
        "group by tenant_id, dimension"
    )


def forget_others(connection: psycopg.Connection, known: Collection[str]) -> None:
    """Drop what is stored of checks that no longer exist."""
    for table in ("check_result", "check_failure"):
        connection.execute(
            sql.SQL("delete from {} where not check_name = any(%s)").format(sql.Identifier("ops", table)),
            (sorted(known),),
        )


def held_tenants(platform: Platform) -> dict[UUID, list[str]]:
    """The tenants that a blocking check holds, each with those checks."""
    with platform.doors.all_tenants_transaction(Database.WAREHOUSE, reason="who is held by a check") as connection:
        return dict(
            connection.execute(
                "select tenant_id, array_agg(check_name order by check_name) from ops.check_result "
                "where is_blocking and not is_passed group by tenant_id"
            ).fetchall()
        )
