"""What lies open in each stage, what it is worth and how long deals stay. Chances are the marts' affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SCHEMA: Schema = {
    "stage_name": pl.String,
    "currency": pl.String,
    "open_deal_count": pl.Int64,
    "open_amount_cents": pl.Int64,
    "weighted_amount_cents": pl.Int64,
    "win_rate": pl.Float64,
    "closed_deal_count": pl.Int64,
    "median_days_in_stage": pl.Float64,
}


def read_stages(tenant_id: UUID) -> pl.DataFrame:
    """One row per stage and currency, the least likely to be won first; at most 200."""
    return read_frame(
        tenant_id,
        """
        select stage_name, currency, open_deal_count, open_amount_cents, weighted_amount_cents, win_rate,
               closed_deal_count, median_days_in_stage
        from marts.fct_pipeline_stage
        where tenant_id = %(tenant_id)s
        order by win_rate, stage_name, currency
        limit 200
        """,
        _SCHEMA,
    )
