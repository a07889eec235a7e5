"""Credit and spend week by week, as response curves are fitted to. How credit is reckoned is the models' own affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_WEEK: Schema = {"channel": pl.String, "period": pl.Date, "spend": pl.Float64, "results": pl.Float64}


def read_weeks(tenant_id: UUID, model: str, weeks: int) -> pl.DataFrame:
    """Spend and credited value of each paid channel in the last ``weeks`` whole weeks, in cents of the reporting
    currency.

    A row per channel and week (its Monday), also where both are 0. Weeks before the first and after the last spend of
    the tenant are left out, as is the week that the last day of credit or spend lies in: it may not be over.
    """
    return read_frame(
        tenant_id,
        """
        with daily as (
            select channel, date_trunc('week', credit_date)::date as week, spend_cents, reporting_value_cents
            from marts.fct_attribution_daily
            where tenant_id = %(tenant_id)s and model = %(model)s
        ),
        bounds as (
            select max(week) as ends,
                   greatest(min(week) filter (where spend_cents > 0), max(week) - 7 * %(weeks)s) as begins
            from daily
        ),
        paid as (
            select channel from daily where spend_cents > 0 group by channel order by sum(spend_cents) desc limit 50
        )
        select paid.channel, calendar.week::date, coalesce(sum(daily.spend_cents), 0)::float8,
               greatest(coalesce(sum(daily.reporting_value_cents), 0), 0)::float8
        from paid
        cross join bounds
        cross join lateral generate_series(bounds.begins, bounds.ends - 7, interval '7 days') as calendar (week)
        left join daily on daily.channel = paid.channel and daily.week = calendar.week::date
        group by paid.channel, calendar.week
        order by paid.channel, calendar.week
        """,
        _WEEK,
        {"model": model, "weeks": weeks},
    )
