"""How fresh each source is and how its last runs went, from the record that every pull keeps."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_SOURCE: Schema = {
    "vendor": pl.String,
    "status": pl.String,
    "error": pl.String,
    "hint": pl.String,
    "started_at": UTC_TIME,
    "succeeded_at": UTC_TIME,
}
_RUN: Schema = {
    "vendor": pl.String,
    "status": pl.String,
    "rows_read": pl.Int64,
    "rows_changed": pl.Int64,
    "requests": pl.Int64,
    "retries": pl.Int64,
    "error": pl.String,
    "started_at": UTC_TIME,
    "finished_at": UTC_TIME,
}


def read_sources(tenant_id: UUID) -> pl.DataFrame:
    """One row per source: its latest run, and when a run last succeeded (null: never)."""
    return read_frame(
        tenant_id,
        """
        select distinct on (r.vendor) r.vendor, r.status, r.error, r.hint, r.started_at,
               (select max(good.finished_at) from ops.sync_run as good
                where good.tenant_id = %(tenant_id)s and good.vendor = r.vendor and good.status = 'succeeded')
        from ops.sync_run as r
        where r.tenant_id = %(tenant_id)s
        order by r.vendor, r.started_at desc, r.run_id
        """,
        _SOURCE,
    )


def read_recent(tenant_id: UUID, limit: int = 50) -> pl.DataFrame:
    """The latest runs, newest first."""
    return read_frame(
        tenant_id,
        """
        select vendor, status, rows_read, rows_changed, requests, retries, error, started_at, finished_at
        from ops.sync_run
        where tenant_id = %(tenant_id)s
        order by started_at desc, run_id
        limit %(limit)s
        """,
        _RUN,
        {"limit": limit},
    )
