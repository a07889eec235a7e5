"""What open deals are expected to bring by month, with bounds."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SCHEMA: Schema = {
    "expected_month": pl.Date,
    "currency": pl.String,
    "open_deal_count": pl.Int64,
    "open_amount_cents": pl.Int64,
    "expected_amount_cents": pl.Int64,
    "expected_amount_cents_low": pl.Int64,
    "expected_amount_cents_high": pl.Int64,
}


def read_forecast(tenant_id: UUID, months: int = 12) -> pl.DataFrame:
    """One row per month and currency, from the earliest month with open deals on; sources of deals are added up.

    Bounds of several sources are added as those of independent sums: the root of the margins' squares.
    """
    return read_frame(
        tenant_id,
        """
        with summed as (
            select expected_month, currency, sum(open_deal_count)::bigint as deals, sum(open_amount_cents) as amount,
                   sum(expected_amount_cents) as expected,
                   sqrt(sum(power(expected_amount_cents - expected_amount_cents_low, 2))) as below,
                   sqrt(sum(power(expected_amount_cents_high - expected_amount_cents, 2))) as above
            from marts.fct_deal_forecast
            where tenant_id = %(tenant_id)s
            group by expected_month, currency
        )
        select expected_month, currency, deals, amount::bigint, expected::bigint,
               (expected - below::numeric)::bigint, (expected + above::numeric)::bigint
        from summed
        order by expected_month, currency
        limit %(months)s * 10
        """,
        _SCHEMA,
        {"months": months},
    )
