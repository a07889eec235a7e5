"""Values that could not be typed and are null in the other marts. What is wrong with one is said by the staging."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_REJECT: Schema = {
    "source_system": pl.String,
    "stream": pl.String,
    "column_name": pl.String,
    "reason": pl.String,
    "object_count": pl.Int64,
    "object_id": pl.String,
    "rejected_value": pl.String,
    "synced_at": UTC_TIME,
}


def read_rejects(tenant_id: UUID, limit: int = 200) -> pl.DataFrame:
    """A row per source, stream, column and reason: how many objects, and the newest of them; the commonest first."""
    return read_frame(
        tenant_id,
        """
        select source_system, stream, column_name, reason, count(*),
               (array_agg(object_id order by synced_at desc nulls last, object_id))[1],
               (array_agg(rejected_value order by synced_at desc nulls last, object_id))[1], max(synced_at)
        from marts.fct_reject
        where tenant_id = %(tenant_id)s
        group by source_system, stream, column_name, reason
        order by count(*) desc, source_system, stream, column_name, reason
        limit %(limit)s
        """,
        _REJECT,
        {"limit": limit},
    )
