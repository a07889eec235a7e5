"""Sales and what they were worth, by kinds of leads. Which lead was won when is the mart's affair."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_MOVES: Schema = {
    "segment": pl.String,
    "base_before": pl.Int64,
    "base_now": pl.Int64,
    "before": pl.Int64,
    "now": pl.Int64,
}


def read_moves(tenant_id: UUID, segment: str, before: date, first: date, last: date) -> pl.DataFrame:
    """Sales (``base_``) and their value from ``before`` up to ``first`` and from there to ``last``, by ``segment``.

    ``segment`` is the lead's ``source``, ``industry`` or ``country``; values in cents of the tenant's reporting
    currency. At most 200 segments, the most valuable.
    """
    return read_frame(
        tenant_id,
        """
        select coalesce(case %(segment)s::text when 'source' then sale.source when 'industry' then lead.industry
                                               else lead.country end, 'unknown'),
               count(*) filter (where sale.converted_date < %(first)s),
               count(*) filter (where sale.converted_date >= %(first)s),
               coalesce(sum(sale.reporting_value_cents) filter (where sale.converted_date < %(first)s), 0)::bigint,
               coalesce(sum(sale.reporting_value_cents) filter (where sale.converted_date >= %(first)s), 0)::bigint
        from marts.fct_conversion as sale
        left join marts.fct_lead as lead on lead.tenant_id = sale.tenant_id and lead.lead_id = sale.lead_id
        where sale.tenant_id = %(tenant_id)s and sale.converted_date between %(before)s and %(last)s
        group by 1
        order by sum(sale.reporting_value_cents) desc nulls last, 1
        limit 200
        """,
        _MOVES,
        {"segment": segment, "before": before, "first": first, "last": last},
    )
