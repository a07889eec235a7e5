"""Won leads that are like a given one, by the features that scoring sees. What they are worth is their own mart's."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

LATEST_WON = 2_000
"""So many of the latest won leads are compared: older ones say less, and the work stays bounded."""

_SIMILAR: Schema = {
    "lead_id": pl.String,
    "full_name": pl.String,
    "company_name": pl.String,
    "source": pl.String,
    "value_cents": pl.Int64,
    "currency": pl.String,
    "days_to_win": pl.Float64,
    "shared_rate": pl.Float64,
}


def read_similar_won(tenant_id: UUID, lead_id: UUID, limit: int = 5) -> pl.DataFrame:
    """The latest won leads by the share of fourteen traits that they have in common with the lead, most first.

    A trait that is unknown of either is not shared. Sizes are shared within a factor of two.
    """
    return read_frame(
        tenant_id,
        """
        with asked as (
            select * from marts.ftr_lead where tenant_id = %(tenant_id)s and lead_id = %(lead_id)s
        ),
        won as (
            select l.lead_id, l.full_name, l.company_name, l.source, l.value_cents, l.currency, l.created_at, l.won_at
            from marts.fct_lead as l
            where l.tenant_id = %(tenant_id)s and l.status = 'won' and l.lead_id <> %(lead_id)s
            order by l.won_at desc nulls last, l.lead_id
            limit %(latest)s
        )
        select w.lead_id::text, w.full_name, w.company_name, w.source, w.value_cents, w.currency,
               extract(epoch from w.won_at - w.created_at)::float8 / 86400,
               (coalesce((f.source = a.source)::int, 0)
                + coalesce((f.industry = a.industry)::int, 0)
                + coalesce((f.country = a.country)::int, 0)
                + coalesce((f.language = a.language)::int, 0)
                + coalesce((f.first_channel = a.first_channel)::int, 0)
                + coalesce((f.employee_count between a.employee_count / 2 and a.employee_count * 2)::int, 0)
                + coalesce((f.has_executive_title = a.has_executive_title)::int, 0)
                + coalesce((f.has_manager_title = a.has_manager_title)::int, 0)
                + coalesce((f.has_price_words = a.has_price_words)::int, 0)
                + coalesce((f.has_demo_words = a.has_demo_words)::int, 0)
                + coalesce((f.has_buying_words = a.has_buying_words)::int, 0)
                + coalesce((f.has_urgency_words = a.has_urgency_words)::int, 0)
                + coalesce((f.has_campaign = a.has_campaign)::int, 0)
                + coalesce((f.has_free_mail_domain = a.has_free_mail_domain)::int, 0)) / 14.0::float8 as shared_rate
        from won as w
        inner join marts.ftr_lead as f on f.tenant_id = %(tenant_id)s and f.lead_id = w.lead_id
        cross join asked as a
        order by shared_rate desc, w.won_at desc nulls last, w.lead_id
        limit %(limit)s
        """,
        _SIMILAR,
        {"lead_id": lead_id, "latest": LATEST_WON, "limit": limit},
    )
