"""How long the journeys of sales are, in touches and in days. Which journeys there are is decided elsewhere."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_BUCKET: Schema = {"measure": pl.String, "bucket": pl.Int64, "conversions": pl.Float64}


def read_distributions(tenant_id: UUID) -> pl.DataFrame:
    """Sales by touches (``path_length``; 50 stands for more as well) and by days since the first (``lag_days``)."""
    return read_frame(
        tenant_id,
        """
        select measure, bucket, sum(conversions)
        from ml.attribution_distribution
        where tenant_id = %(tenant_id)s
        group by measure, bucket
        order by measure, bucket
        """,
        _BUCKET,
    )
