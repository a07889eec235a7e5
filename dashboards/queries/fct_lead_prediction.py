"""What a deal with a lead is worth if it is won, and by when it is won."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_PREDICTION: Schema = {
    "value_cents": pl.Int64,
    "value_cents_low": pl.Int64,
    "value_cents_high": pl.Int64,
    "currency": pl.String,
    "converted_by_90d_rate": pl.Float64,
    "median_days": pl.Float64,
}


def read_prediction(tenant_id: UUID, lead_id: UUID) -> pl.DataFrame:
    """One row, or none where no batch has seen the lead."""
    return read_frame(
        tenant_id,
        """
        select value_cents, value_cents_low, value_cents_high, currency, converted_by_90d_rate, median_days
        from marts.fct_lead_prediction
        where tenant_id = %(tenant_id)s and lead_id = %(lead_id)s
        """,
        _PREDICTION,
        {"lead_id": lead_id},
    )
