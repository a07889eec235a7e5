"""The tenant's figures by month: retention, churn and the worth of a customer."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

MEASURES = ("nrr_rate", "grr_rate", "logo_churn_rate", "ltv_cents")
_SCHEMA: Schema = {
    "month_date": pl.Date,
    "currency": pl.String,
    "nrr_rate": pl.Float64,
    "grr_rate": pl.Float64,
    "logo_churn_rate": pl.Float64,
    "ltv_cents": pl.Int64,
}


def read_complete(tenant_id: UUID, months: int) -> pl.DataFrame:
    """The latest ``months`` that have ended, oldest first."""
    return read_frame(
        tenant_id,
        """
        select month_date, currency, nrr_rate, grr_rate, logo_churn_rate, ltv_cents
        from marts.fct_revenue_retention_monthly
        where tenant_id = %(tenant_id)s and is_complete
        order by month_date desc
        limit %(months)s
        """,
        _SCHEMA,
        {"months": months},
    ).reverse()
