"""Leads with their current score: ranked, filtered, counted and bounded. A reason's wording is not decided here."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

Order = Literal["probability", "expected_value"]
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


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Which leads are wanted; an empty tuple or text does not restrict."""

    statuses: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    search: str = ""
    order: Order = "probability"

    def parameters(self) -> dict[str, object]:
        """The filter as the statements' parameters."""
        escaped = self.search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return {
            "statuses": list(self.statuses) or None,
            "grades": list(self.grades) or None,
            "sources": list(self.sources) or None,
            "pattern": f"%{escaped}%" if escaped else None,
            "order": self.order,
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
