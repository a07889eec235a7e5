"""What channels cost, week by week."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SPEND: Schema = {"week_date": pl.Date, "channel": pl.String, "spend_cents": pl.Int64}
_MOVES: Schema = {"segment": pl.String, "before": pl.Int64, "now": pl.Int64}


def read_weekly(tenant_id: UUID, first: date) -> pl.DataFrame:
    """Spend by week (its Monday) and channel since ``first``, in the tenant's reporting currency."""
    return read_frame(
        tenant_id,
        """
        select date_trunc('week', spend_date)::date, channel, coalesce(sum(reporting_spend_cents), 0)::bigint
        from marts.fct_campaign_spend_daily
        where tenant_id = %(tenant_id)s and spend_date >= %(first)s
        group by 1, 2
        order by 1, 2
        """,
        _SPEND,
        {"first": first},
    )


def read_moves(tenant_id: UUID, before: date, first: date, last: date) -> pl.DataFrame:
    """Spend by channel from ``before`` up to ``first`` and from there to ``last``, in the tenant's reporting currency.

    At most 200 channels, the dearest.
    """
    return read_frame(
        tenant_id,
        """
        select channel,
               coalesce(sum(reporting_spend_cents) filter (where spend_date < %(first)s), 0)::bigint,
               coalesce(sum(reporting_spend_cents) filter (where spend_date >= %(first)s), 0)::bigint
        from marts.fct_campaign_spend_daily
        where tenant_id = %(tenant_id)s and spend_date between %(before)s and %(last)s
        group by channel
        order by sum(reporting_spend_cents) desc nulls last, channel
        limit 200
        """,
        _MOVES,
        {"before": before, "first": first, "last": last},
    )
