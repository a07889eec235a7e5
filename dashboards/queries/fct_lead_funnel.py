"""How far leads have come, by the month in which they were made and their source."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

STEPS = ("lead_count", "contacted_count", "qualified_count", "won_count")
_SCHEMA: Schema = {
    "source": pl.String,
    **dict.fromkeys(STEPS, pl.Int64),
    "lost_count": pl.Int64,
}


def read_funnel(tenant_id: UUID, first: date) -> pl.DataFrame:
    """One row per source, of the leads made since the month of ``first``; the commonest source first."""
    return read_frame(
        tenant_id,
        """
        select source, sum(lead_count)::bigint, sum(contacted_count)::bigint, sum(qualified_count)::bigint,
               sum(won_count)::bigint, sum(lost_count)::bigint
        from marts.fct_lead_funnel
        where tenant_id = %(tenant_id)s and cohort_month >= date_trunc('month', %(first)s::date)
        group by source
        order by sum(lead_count) desc, source
        limit 100
        """,
        _SCHEMA,
        {"first": first},
    )
