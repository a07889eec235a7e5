"""Recurring revenue by month and what moved it, in one currency. How a movement is named is the marts' affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

MOVEMENTS = ("new_mrr_cents", "expansion_mrr_cents", "reactivation_mrr_cents", "contraction_mrr_cents",
             "churn_mrr_cents")  # fmt: skip
_SCHEMA: Schema = {
    "month_date": pl.Date,
    "currency": pl.String,
    "opening_mrr_cents": pl.Int64,
    **dict.fromkeys(MOVEMENTS, pl.Int64),
    "closing_mrr_cents": pl.Int64,
    "customer_count": pl.Int64,
}


def read_movements(tenant_id: UUID, months: int) -> pl.DataFrame:
    """One row per currency and month of the last ``months`` that have rows, oldest first; the running month too."""
    return read_frame(
        tenant_id,
        """
        with last as (
            select date_trunc('month', max(mrr_date))::date as month_date
            from marts.fct_mrr_daily
            where tenant_id = %(tenant_id)s
        )
        select date_trunc('month', mrr_date)::date, currency,
               (array_agg(opening_mrr_cents order by mrr_date))[1],
               sum(new_mrr_cents)::bigint, sum(expansion_mrr_cents)::bigint, sum(reactivation_mrr_cents)::bigint,
               sum(contraction_mrr_cents)::bigint, sum(churn_mrr_cents)::bigint,
               (array_agg(closing_mrr_cents order by mrr_date desc))[1],
               (array_agg(customer_count order by mrr_date desc))[1]
        from marts.fct_mrr_daily
        where tenant_id = %(tenant_id)s
          and mrr_date > (select month_date from last) - make_interval(months => %(months)s - 1) - interval '1 day'
        group by 1, 2
        order by 1, 2
        """,
        _SCHEMA,
        {"months": months},
    )
