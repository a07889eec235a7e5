"""Credit by model and channel in the tenant's reporting currency, with what the channel cost.

How credit is reckoned is the models' own affair.
"""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_CREDIT: Schema = {
    "model": pl.String,
    "channel": pl.String,
    "conversions": pl.Float64,
    "value_cents": pl.Int64,
    "spend_cents": pl.Int64,
    "roas_rate": pl.Float64,
    "cost_per_conversion_cents": pl.Int64,
    "currency": pl.String,
    "lookback_days": pl.Int64,
    "computed_at": UTC_TIME,
    "conversions_low": pl.Float64,
    "conversions_high": pl.Float64,
    "value_cents_low": pl.Int64,
    "value_cents_high": pl.Int64,
}


def read_credit(tenant_id: UUID) -> pl.DataFrame:
    """One row per model and channel, all currencies together in the reporting currency.

    ``spend_cents``, ``roas_rate`` and ``cost_per_conversion_cents`` are null where the channel has no spend, bounds of
    intervals where there are several currencies: bounds don't add up.
    """
    return read_frame(
        tenant_id,
        """
        select model, channel, sum(conversions), coalesce(sum(reporting_value_cents), 0)::bigint,
               sum(spend_cents)::bigint,
               sum(reporting_value_cents)::float8 / nullif(sum(spend_cents), 0)::float8,
               case when sum(conversions) > 0 then round(sum(spend_cents) / sum(conversions)::numeric)::bigint end,
               min(reporting_currency), max(lookback_days), max(computed_at),
               case when count(*) = 1 then min(conversions_low) end,
               case when count(*) = 1 then min(conversions_high) end,
               case when count(*) = 1 and min(currency) = min(reporting_currency) then min(value_cents_low) end,
               case when count(*) = 1 and min(currency) = min(reporting_currency) then min(value_cents_high) end
        from marts.fct_attribution_credit
        where tenant_id = %(tenant_id)s
        group by model, channel
        order by model, channel
        """,
        _CREDIT,
    )
