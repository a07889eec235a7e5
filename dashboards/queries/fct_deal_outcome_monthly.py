"""Deals that were won and lost by month."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SCHEMA: Schema = {
    "currency": pl.String,
    "won_count": pl.Int64,
    "lost_count": pl.Int64,
    "won_amount_cents": pl.Int64,
    "median_days_to_win": pl.Float64,
}


def read_outcomes(tenant_id: UUID, first: date) -> pl.DataFrame:
    """One row per currency of the deals that ended since the month of ``first``.

    The days to win are the mean of the months' medians, weighed by the deals won.
    """
    return read_frame(
        tenant_id,
        """
        select currency, sum(won_count)::bigint, sum(lost_count)::bigint, sum(won_amount_cents)::bigint,
               sum(median_days_to_win * won_count)
                   / nullif(sum(won_count) filter (where median_days_to_win is not null), 0)::double precision
        from marts.fct_deal_outcome_monthly
        where tenant_id = %(tenant_id)s and closed_month >= date_trunc('month', %(first)s::date)
        group by currency
        order by sum(won_count + lost_count) desc, currency
        """,
        _SCHEMA,
        {"first": first},
    )
