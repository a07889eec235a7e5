"""Credit of a channel's campaigns beside their spend and leads. How credit is reckoned is the models' own affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

CAMPAIGN_LIMIT = 50

_CAMPAIGN: Schema = {
    "campaign_name": pl.String,
    "conversions": pl.Float64,
    "value_cents": pl.Int64,
    "spend_cents": pl.Int64,
    "roas_rate": pl.Float64,
    "cac_cents": pl.Int64,
    "lead_count": pl.Int64,
    "cost_per_lead_cents": pl.Int64,
    "currency": pl.String,
}


def read_campaigns(tenant_id: UUID, model: str, channel: str, limit: int = CAMPAIGN_LIMIT) -> pl.DataFrame:
    """The campaigns of a channel by one model, the most valuable first; the name is null for what is of no campaign.

    Costs and ratios are null where there is no spend, or nothing to divide it by.
    """
    return read_frame(
        tenant_id,
        """
        select case when campaign_key <> 'none' then coalesce(campaign_name, campaign_key) end,
               conversions, coalesce(reporting_value_cents, 0), spend_cents, roas_rate, cac_cents, lead_count,
               cost_per_lead_cents, reporting_currency
        from marts.fct_attribution_campaign
        where tenant_id = %(tenant_id)s and model = %(model)s and channel = %(channel)s
        order by reporting_value_cents desc nulls last, conversions desc, campaign_key
        limit %(limit)s
        """,
        _CAMPAIGN,
        {"model": model, "channel": channel, "limit": limit},
    )
