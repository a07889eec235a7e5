"""The warehouse's tables of attribution, replaced for one tenant at once. What stands in them is made elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import polars as pl
import psycopg
from psycopg.types.json import Jsonb

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "attribution_credit": (
        "model", "converted_date", "channel", "campaign_id", "currency", "conversions", "value_cents", "lookback_days",
    ),
    "attribution_channel": (
        "model", "channel", "currency", "conversions", "conversions_low", "conversions_high", "value_cents",
        "value_cents_low", "value_cents_high", "lookback_days",
    ),
    "attribution_path": (
        "currency", "path_rank", "path", "path_count", "conversions", "value_cents", "null_count",
    ),
    "attribution_transition": ("currency", "source", "target", "journey_count", "probability"),
    "attribution_distribution": ("currency", "measure", "bucket", "conversions", "value_cents"),
    "attribution_overlap": ("currency", "channel", "other_channel", "conversions", "value_cents"),
}  # fmt: skip
CHECK = "attribution_settings"
"""The verdict that tells a tenant which of its settings attribution can't use."""


def replace_tables(connection: psycopg.Connection, tenant_id: UUID, tables: Mapping[str, pl.DataFrame]) -> None:
    """Put the frames in place of the tenant's rows, table by table."""
    for table, frame in tables.items():
        connection.execute(f"delete from ml.{table} where tenant_id = %s", (tenant_id,))  # noqa: S608  # our own names
        _insert(connection, table, tenant_id, frame.select(COLUMNS[table]))


def _insert(connection: psycopg.Connection, table: str, tenant_id: UUID, frame: pl.DataFrame, **fixed: object) -> None:
    """Copy into a temporary table and insert from there: COPY does not go into a table under row-level security."""
    columns = ", ".join(frame.columns)
    incoming = f"incoming_{table}"
    connection.execute(f"create temporary table {incoming} on commit drop as select {columns} from ml.{table} limit 0")  # noqa: S608
    with connection.cursor().copy(f"copy {incoming} ({columns}) from stdin") as copy:
        for row in frame.iter_rows():
            copy.write_row(row)
    names = "".join(f"{name}, " for name in fixed)
    connection.execute(
        f"insert into ml.{table} (tenant_id, {names}{columns}) "  # noqa: S608  # our own names
        f"select %s, {'%s, ' * len(fixed)}{columns} from {incoming}",
        (tenant_id, *fixed.values()),
    )


def read_fingerprint(connection: psycopg.Connection, tenant_id: UUID) -> str | None:
    """What the tenant's credit was computed from the last time."""
    row = connection.execute("select fingerprint from ml.attribution_run where tenant_id = %s", (tenant_id,)).fetchone()
    return row[0] if row else None


def note_run(connection: psycopg.Connection, tenant_id: UUID, fingerprint: str, told: Mapping[str, object]) -> None:
    """Remember what was computed: settings, counts, cautions and what was left out."""
    connection.execute(
        "insert into ml.attribution_run (tenant_id, fingerprint, settings, journey_count, conversion_count, cautions, "
        "left_out) values (%s, %s, %s, %s, %s, %s, %s) on conflict (tenant_id) do update set "
        "fingerprint = excluded.fingerprint, settings = excluded.settings, journey_count = excluded.journey_count, "
        "conversion_count = excluded.conversion_count, cautions = excluded.cautions, left_out = excluded.left_out, "
        "computed_at = now()",
        (
            tenant_id,
            fingerprint,
            Jsonb(told["settings"]),
            told["journey_count"],
            told["conversion_count"],
            told["cautions"],
            Jsonb(told["left_out"]),
        ),
    )


def note_verdict(connection: psycopg.Connection, tenant_id: UUID, fault: str | None) -> None:
    """Tell the tenant whether its settings can be used, where it finds its other checks."""
    connection.execute(
        "insert into ops.check_result (tenant_id, check_name, is_passed, severity, observed, expected) "
        "values (%s, %s, %s, 'error', %s, 'usable') on conflict (tenant_id, check_name) do update set "
        "is_passed = excluded.is_passed, observed = excluded.observed, checked_at = now()",
        (tenant_id, CHECK, fault is None, fault or "usable"),
    )


def has_snapshot(connection: psycopg.Connection, tenant_id: UUID, as_of: datetime) -> bool:
    """Whether credit as of this moment is kept already."""
    row = connection.execute(
        "select 1 from ml.attribution_snapshot where tenant_id = %s and as_of = %s limit 1", (tenant_id, as_of)
    ).fetchone()
    return row is not None


def write_snapshot(connection: psycopg.Connection, tenant_id: UUID, as_of: datetime, credit: pl.DataFrame) -> None:
    """Keep credit as of a moment."""
    _insert(connection, "attribution_snapshot", tenant_id, credit.select(COLUMNS["attribution_credit"]), as_of=as_of)
