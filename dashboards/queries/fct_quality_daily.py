"""How far the tenant's data can be trusted, by day."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_QUALITY: Schema = {
    "quality_date": pl.Date,
    "quality_rate": pl.Float64,
    "check_count": pl.Int64,
    "failed_check_count": pl.Int64,
    "is_held": pl.Boolean,
}


def read_quality(tenant_id: UUID, days: int = 90) -> pl.DataFrame:
    """The last ``days`` days on which a check ran, oldest first."""
    return read_frame(
        tenant_id,
        """
        select * from (
            select quality_date, quality_rate, check_count, failed_check_count, is_held
            from marts.fct_quality_daily
            where tenant_id = %(tenant_id)s
            order by quality_date desc
            limit %(days)s
        ) as latest
        order by quality_date
        """,
        _QUALITY,
        {"days": days},
    )
