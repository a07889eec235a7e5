"""Leads with their current score: ranked, filtered, counted and bounded. A reason's wording is not decided here."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args
from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

Order = Literal["probability", "expected_value"]
Moment = Literal["created", "qualified", "won"]
MOMENTS: tuple[Moment, ...] = get_args(Moment)
SEGMENTS = ("source", "industry", "country")
LIST_LIMIT = 500
EXPORT_LIMIT = 20_000

_LEAD: Schema = {
    "lead_id": pl.String,
    "person_id": pl.String,
    "full_name": pl.String,
    "company_name": pl.String,
    "email": pl.String,
    "job_title": pl.String,
    "source": pl.String,
    "status": pl.String,
    "grade": pl.String,
    "probability": pl.Float64,
    "reasons": pl.String,
    "value_cents": pl.Int64,
    "currency": pl.String,
    "created_at": UTC_TIME,
    "probability_low": pl.Float64,
    "probability_high": pl.Float64,
    "has_enough_data": pl.Boolean,
    "is_out_of_distribution": pl.Boolean,
    "expected_value_cents": pl.Int64,
    "score_currency": pl.String,
}


_MOVES: Schema = {
    "segment": pl.String,
    **{f"{moment}_{period}": pl.Int64 for moment in MOMENTS for period in ("before", "now")},
}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads are wanted; an empty tuple or text does not restrict.

    ``moment`` asks for leads that were made, qualified or won from ``first`` to ``last``, days of the tenant's own.
    """

    statuses: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    search: str = ""
    order: Order = "probability"
    moment: Moment | None = None
    first: date | None = None
    last: date | None = None

    def parameters(self) -> dict[str, object]:
        """The filter as the statements' parameters."""
        escaped = self.search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "statuses": list(self.statuses) or None,
            "grades": list(self.grades) or None,
            "sources": list(self.sources) or None,
            "pattern": f"%{escaped}%" if escaped else None,
            "order": self.order,
            "moment": self.moment,
            "first": self.first or date.min,
            "last": self.last or date.max,
        }


def read_ranked(tenant_id: UUID, wanted: LeadFilter, limit: int = LIST_LIMIT) -> pl.DataFrame:
    """At most ``limit`` leads, the likeliest or the most valuable first; without a score last, newest first."""
    return read_frame(
        tenant_id,
        """
        select l.lead_id::text, l.person_id, l.full_name, l.company_name, l.email, l.job_title, l.source, l.status,
               s.grade, s.probability, s.reasons::text, l.value_cents, l.currency, l.created_at, s.probability_low,
               s.probability_high, s.has_enough_data, s.is_out_of_distribution, s.expected_value_cents, s.currency
        from marts.fct_lead as l
        left join marts.fct_lead_score as s on s.tenant_id = l.tenant_id and s.lead_id = l.lead_id
        where l.tenant_id = %(tenant_id)s
          and (%(statuses)s::text[] is null or l.status = any(%(statuses)s::text[]))
          and (%(grades)s::text[] is null or s.grade = any(%(grades)s::text[]))
          and (%(sources)s::text[] is null or l.source = any(%(sources)s::text[]))
          and (%(pattern)s::text is null
               or concat_ws(' ', l.full_name, l.company_name, l.email, l.job_title) ilike %(pattern)s::text)
          and (%(moment)s::text is null
               or (case %(moment)s::text when 'created' then l.created_at when 'qualified' then l.qualified_at
                                         else l.won_at end
                   at time zone (select timezone from marts.dim_tenant where tenant_id = %(tenant_id)s))::date
                  between %(first)s::date and %(last)s::date)
        order by case when %(order)s = 'expected_value' then s.expected_value_cents end desc nulls last,
                 s.probability desc nulls last, l.created_at desc, l.lead_id
        limit %(limit)s
        """,
        _LEAD,
        {**wanted.parameters(), "limit": limit},
    )


def count_leads(tenant_id: UUID, wanted: LeadFilter) -> int:
    """How many leads the filter lets through."""
    frame = read_frame(
        tenant_id,
        """
        select count(*)
        from marts.fct_lead as l
        left join marts.fct_lead_score as s on s.tenant_id = l.tenant_id and s.lead_id = l.lead_id
        where l.tenant_id = %(tenant_id)s
          and (%(statuses)s::text[] is null or l.status = any(%(statuses)s::text[]))
          and (%(grades)s::text[] is null or s.grade = any(%(grades)s::text[]))
          and (%(sources)s::text[] is null or l.source = any(%(sources)s::text[]))
          and (%(pattern)s::text is null
               or concat_ws(' ', l.full_name, l.company_name, l.email, l.job_title) ilike %(pattern)s::text)
          and (%(moment)s::text is null
               or (case %(moment)s::text when 'created' then l.created_at when 'qualified' then l.qualified_at
                                         else l.won_at end
                   at time zone (select timezone from marts.dim_tenant where tenant_id = %(tenant_id)s))::date
                  between %(first)s::date and %(last)s::date)
        """,
        {"lead_count": pl.Int64},
        wanted.parameters(),
    )
    return int(frame.item())


def read_lead(tenant_id: UUID, lead_id: UUID) -> pl.DataFrame:
    """One row, or none where the tenant has no such lead."""
    return read_frame(
        tenant_id,
        """
        select l.lead_id::text, l.person_id, l.full_name, l.company_name, l.email, l.job_title, l.source, l.status,
               s.grade, s.probability, s.reasons::text, l.value_cents, l.currency, l.created_at, s.probability_low,
               s.probability_high, s.has_enough_data, s.is_out_of_distribution, s.expected_value_cents, s.currency
        from marts.fct_lead as l
        left join marts.fct_lead_score as s on s.tenant_id = l.tenant_id and s.lead_id = l.lead_id
        where l.tenant_id = %(tenant_id)s and l.lead_id = %(lead_id)s
        """,
        _LEAD,
        {"lead_id": lead_id},
    )


def read_sources(tenant_id: UUID) -> list[str]:
    """The sources that the tenant's leads have, in order of the alphabet."""
    frame = read_frame(
        tenant_id,
        "select distinct source from marts.fct_lead where tenant_id = %(tenant_id)s and source is not null order by 1",
        {"source": pl.String},
    )
    return frame["source"].to_list()


def read_moves(tenant_id: UUID, segment: str, before: date, first: date, last: date) -> pl.DataFrame:
    """Leads made, qualified and won from ``before`` up to ``first`` and from there to ``last``, by ``segment``.

    Days are the tenant's own, so that the segments sum to the key figures. At most 200 segments, the largest.
    """
    return read_frame(
        tenant_id,
        """
        with dated as (
            select case %(segment)s::text when 'source' then lead.source when 'industry' then lead.industry
                                          else lead.country end as segment,
                   lead.created_date as created,
                   (lead.qualified_at at time zone tenant.timezone)::date as qualified,
                   (lead.won_at at time zone tenant.timezone)::date as won
            from marts.fct_lead as lead
            inner join marts.dim_tenant as tenant on tenant.tenant_id = lead.tenant_id
            where lead.tenant_id = %(tenant_id)s
        )
        select coalesce(segment, 'unknown'),
               count(*) filter (where created >= %(before)s::date and created < %(first)s::date),
               count(*) filter (where created between %(first)s::date and %(last)s::date),
               count(*) filter (where qualified >= %(before)s::date and qualified < %(first)s::date),
               count(*) filter (where qualified between %(first)s::date and %(last)s::date),
               count(*) filter (where won >= %(before)s::date and won < %(first)s::date),
               count(*) filter (where won between %(first)s::date and %(last)s::date)
        from dated
        where created between %(before)s::date and %(last)s::date
           or qualified between %(before)s::date and %(last)s::date or won between %(before)s::date and %(last)s::date
        group by 1
        order by count(*) desc, 1
        limit 200
        """,
        _MOVES,
        {"segment": segment, "before": before, "first": first, "last": last},
    )
