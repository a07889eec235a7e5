"""How often the same sale met two channels. Which touches count is decided elsewhere."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_PAIR: Schema = {"channel": pl.String, "other_channel": pl.String, "conversions": pl.Float64}


def read_overlap(tenant_id: UUID) -> pl.DataFrame:
    """Sales that met both channels; of a channel with itself: that met it at all."""
    return read_frame(
        tenant_id,
        """
        select channel, other_channel, sum(conversions)
        from ml.attribution_overlap
        where tenant_id = %(tenant_id)s
        group by channel, other_channel
        order by channel, other_channel
        limit 2500
        """,
        _PAIR,
    )
