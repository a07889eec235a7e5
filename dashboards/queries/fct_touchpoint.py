"""What people met before and after they became leads: one person's timeline, and the paths that led to a sale."""

from datetime import datetime, timedelta
from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

TIMELINE_LIMIT = 200

_TOUCH: Schema = {
    "occurred_at": UTC_TIME,
    "kind": pl.String,
    "channel": pl.String,
    "utm_campaign": pl.String,
    "landing_page": pl.String,
    "device": pl.String,
}
_PATH: Schema = {
    "path": pl.List(pl.String),
    "conversion_count": pl.Int64,
    "value_cents": pl.Int64,
    "currency": pl.String,
}


def read_timeline(tenant_id: UUID, person_id: str, limit: int = TIMELINE_LIMIT) -> pl.DataFrame:
    """A person's latest touchpoints, oldest of them first."""
    return read_frame(
        tenant_id,
        """
        select occurred_at, kind, channel, utm_campaign, landing_page, device
        from (
            select * from marts.fct_touchpoint
            where tenant_id = %(tenant_id)s and person_id = %(person_id)s
            order by occurred_at desc, touchpoint_id desc
            limit %(limit)s
        ) as latest
        order by occurred_at, touchpoint_id
        """,
        _TOUCH,
        {"person_id": person_id, "limit": limit},
    )


def read_top_paths(
    tenant_id: UUID, first: datetime, last: datetime, lookback: timedelta, limit: int = 12
) -> pl.DataFrame:
    """The commonest channel paths of the conversions in [first, last), most conversions first.

    A path holds the touches of the ``lookback`` up to the conversion; a channel met several times in a row counts
    once in it, so that a path can be read.
    """
    return read_frame(
        tenant_id,
        """
        with touches as (
            select c.lead_id, c.reporting_value_cents, c.reporting_currency as currency,
                   t.channel, t.occurred_at, t.touchpoint_id,
                   lag(t.channel) over (partition by c.lead_id order by t.occurred_at, t.touchpoint_id) as previous
            from marts.fct_conversion as c
            inner join marts.fct_touchpoint as t
                on t.tenant_id = c.tenant_id and t.person_id = c.person_id
                and t.occurred_at <= c.converted_at and t.occurred_at > c.converted_at - %(lookback)s::interval
            where c.tenant_id = %(tenant_id)s and t.tenant_id = %(tenant_id)s
              and c.converted_at >= %(first)s and c.converted_at < %(last)s
        ),
        paths as (
            select lead_id, currency, max(reporting_value_cents) as value_cents,
                   array_agg(channel order by occurred_at, touchpoint_id) as path
            from touches
            where channel is distinct from previous
            group by lead_id, currency
        )
        select path, count(*), coalesce(sum(value_cents), 0)::bigint, currency
        from paths
        group by path, currency
        order by 2 desc, 3 desc, path
        limit %(limit)s
        """,
        _PATH,
        {"first": first, "last": last, "lookback": lookback, "limit": limit},
    )
