"""What channels cost, week by week."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SPEND: Schema = {"week_date": pl.Date, "channel": pl.String, "spend_cents": pl.Int64}


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
