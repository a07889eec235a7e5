"""How much of each month's new customers is left, month by month."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SCHEMA: Schema = {
    "cohort_month": pl.Date,
    "month_number": pl.Int64,
    "customer_count": pl.Int64,
    "logo_retention_rate": pl.Float64,
    "mrr_retention_rate": pl.Float64,
    "net_paid_per_customer_cents": pl.Int64,
    "currency": pl.String,
}


def read_cohorts(tenant_id: UUID, months: int) -> pl.DataFrame:
    """One row per cohort of the latest ``months`` cohorts and month since, oldest cohort first."""
    return read_frame(
        tenant_id,
        """
        select cohort_month, month_number, customer_count, logo_retention_rate, mrr_retention_rate,
               net_paid_per_customer_cents, currency
        from marts.fct_customer_cohort_monthly
        where tenant_id = %(tenant_id)s and month_number <= %(months)s
          and cohort_month in (
              select distinct cohort_month from marts.fct_customer_cohort_monthly
              where tenant_id = %(tenant_id)s order by cohort_month desc limit %(months)s)
        order by cohort_month, month_number
        """,
        _SCHEMA,
        {"months": months},
    )
