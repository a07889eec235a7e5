"""Deals that are stuck, and how often deals of a kind are won. Moving a deal is the API's affair."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

STUCK_LIMIT = 100
STUCK_FACTOR = 2
"""A deal is stuck when it stays this many times as long in its stage as deals usually do."""
STUCK_DAYS = 30
"""And where nobody knows how long that is, after this many days without a change."""
SEGMENTS = ("source", "industry", "amount")

_STUCK: Schema = {
    "source_system": pl.String,
    "deal_id": pl.String,
    "deal_name": pl.String,
    "stage_name": pl.String,
    "amount_cents": pl.Int64,
    "currency": pl.String,
    "days_in_stage": pl.Float64,
    "usual_days": pl.Float64,
    "expected_close_date": pl.Date,
    "is_overdue": pl.Boolean,
}
_WON: Schema = {"segment": pl.String, "won_count": pl.Int64, "closed_count": pl.Int64}


def read_stuck(tenant_id: UUID, today: date, limit: int = STUCK_LIMIT) -> pl.DataFrame:
    """Open deals past their expected day, or for too long in their stage; the weightiest first."""
    return read_frame(
        tenant_id,
        """
        with usual as (
            select source_system, pipeline_key, stage_key, max(median_days_in_stage) as days
            from marts.fct_pipeline_stage
            where tenant_id = %(tenant_id)s
            group by source_system, pipeline_key, stage_key
        ),
        waiting as (
            select deal.source_system, deal.deal_id, deal.deal_name, deal.stage_name, deal.amount_cents, deal.currency,
                   extract(epoch from %(today)s::date + interval '1 day'
                       - coalesce(case when stay.is_entry_known then stay.entered_at end,
                                  deal.updated_at, deal.created_at))::double precision / 86400 as days,
                   usual.days as usual_days, deal.expected_close_date,
                   coalesce(deal.expected_close_date < %(today)s::date, false) as is_overdue
            from marts.fct_deal as deal
            left join marts.fct_deal_stage_history as stay
                on stay.tenant_id = deal.tenant_id and stay.source_system = deal.source_system
                and stay.deal_id = deal.deal_id and stay.is_current
            left join usual
                on usual.source_system = deal.source_system
                and usual.pipeline_key = coalesce(deal.pipeline_id, '')
                and usual.stage_key = coalesce(deal.stage_id, '')
            where deal.tenant_id = %(tenant_id)s and deal.status = 'open' and not deal.is_mirrored
        )
        select source_system, deal_id, deal_name, stage_name, amount_cents, currency, greatest(days, 0), usual_days,
               expected_close_date, is_overdue
        from waiting
        where is_overdue or days > coalesce(usual_days * %(factor)s + 1, %(days)s)
        order by amount_cents desc nulls last, days desc, deal_id
        limit %(limit)s
        """,
        _STUCK,
        {"today": today, "limit": limit, "factor": STUCK_FACTOR, "days": STUCK_DAYS},
    )


def read_win_rates(tenant_id: UUID, segment: str, first: date) -> pl.DataFrame:
    """Deals won of those that ended since ``first``, by ``segment``; at most the twelve commonest kinds.

    ``source`` is the lead's source, ``industry`` the lead's, ``amount`` a band of the deal's amount in whole units
    of its currency.
    """
    return read_frame(
        tenant_id,
        """
        select segment, count(*) filter (where status = 'won'), count(*)
        from (
            select deal.status,
                   case %(segment)s::text
                       when 'source' then lead.source
                       when 'industry' then lead.industry
                       else case when deal.amount_cents < 1000000 then '<10k'
                                 when deal.amount_cents < 5000000 then '10k-50k'
                                 when deal.amount_cents < 20000000 then '50k-200k'
                                 when deal.amount_cents is not null then '>200k' end
                   end as segment
            from marts.fct_deal as deal
            left join marts.fct_lead as lead on lead.tenant_id = deal.tenant_id and lead.lead_id = deal.lead_id
            where deal.tenant_id = %(tenant_id)s and not deal.is_mirrored and deal.status in ('won', 'lost')
              and deal.closed_date >= %(first)s
        ) as ended
        group by segment
        order by count(*) desc, segment
        limit 12
        """,
        _WON,
        {"segment": segment, "first": first},
    )
