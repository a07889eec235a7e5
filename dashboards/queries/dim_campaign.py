"""Campaigns with their budgets, what they cost and what they brought. Pace and credit are not reckoned here."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

CAMPAIGN_LIMIT = 100
CREDIT_MODEL = "markov"

_CAMPAIGN: Schema = {
    "campaign_id": pl.String,
    "campaign_name": pl.String,
    "channel": pl.String,
    "status": pl.String,
    "budget_cents": pl.Int64,
    "currency": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,
    "spend_cents": pl.Int64,
    "recent_spend_cents": pl.Int64,
    "lead_count": pl.Int64,
    "cost_per_lead_cents": pl.Int64,
    "conversions": pl.Float64,
    "cac_cents": pl.Int64,
    "roas_rate": pl.Float64,
    "reporting_currency": pl.String,
}


def read_campaigns(tenant_id: UUID, first: date, limit: int = CAMPAIGN_LIMIT) -> pl.DataFrame:
    """Campaigns, those that cost most since ``first`` before the others.

    ``spend_cents`` is all of it in the campaign's own currency; ratios are by the credit of `CREDIT_MODEL`, in the
    tenant's currency, and null where there is nothing to divide.
    """
    return read_frame(
        tenant_id,
        """
        with spend as (
            select campaign_id, sum(spend_cents)::bigint as spend_cents,
                   coalesce(sum(spend_cents) filter (where spend_date >= %(first)s), 0)::bigint as recent_spend_cents
            from marts.fct_campaign_spend_daily
            where tenant_id = %(tenant_id)s
            group by campaign_id
        )
        select campaign.campaign_id::text, campaign.campaign_name, campaign.channel, campaign.status,
               campaign.budget_cents, campaign.currency, campaign.start_date, campaign.end_date,
               coalesce(spend.spend_cents, 0), coalesce(spend.recent_spend_cents, 0), credit.lead_count,
               credit.cost_per_lead_cents, credit.conversions, credit.cac_cents, credit.roas_rate,
               credit.reporting_currency
        from marts.dim_campaign as campaign
        left join spend on spend.campaign_id = campaign.campaign_id
        left join marts.fct_attribution_campaign as credit
            on credit.tenant_id = campaign.tenant_id and credit.campaign_id = campaign.campaign_id
                and credit.channel = campaign.channel and credit.model = %(model)s
        where campaign.tenant_id = %(tenant_id)s
        order by 10 desc, 9 desc, campaign.campaign_name, campaign.campaign_id
        limit %(limit)s
        """,
        _CAMPAIGN,
        {"first": first, "limit": limit, "model": CREDIT_MODEL},
    )
