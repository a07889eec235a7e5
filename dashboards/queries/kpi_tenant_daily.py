"""The tenant's daily key figures. Sums over a period are made from these rows, never from the facts."""

from datetime import date
from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

MEASURES = (
    "new_lead_count",
    "qualified_lead_count",
    "won_lead_count",
    "won_value_cents",
    "touchpoint_count",
    "spend_cents",
    "invoiced_cents",
    "mrr_cents",
)
_SCHEMA: Schema = {"kpi_date": pl.Date, **dict.fromkeys(MEASURES, pl.Int64), "currency": pl.String}


def read_daily(tenant_id: UUID, first: date, last: date) -> pl.DataFrame:
    """One row per day from ``first`` to ``last``, both included; days without a row are absent."""
    return read_frame(
        tenant_id,
        """
        select kpi_date, new_lead_count, qualified_lead_count, won_lead_count, won_value_cents,
               touchpoint_count, spend_cents, invoiced_cents, mrr_cents, currency
        from marts.kpi_tenant_daily
        where tenant_id = %(tenant_id)s and kpi_date between %(first)s and %(last)s
        order by kpi_date
        """,
        _SCHEMA,
        {"first": first, "last": last},
    )


def read_last_day(tenant_id: UUID) -> date | None:
    """The latest day that has a row, or None where the tenant has none."""
    frame = read_frame(
        tenant_id,
        "select max(kpi_date) from marts.kpi_tenant_daily where tenant_id = %(tenant_id)s",
        {"kpi_date": pl.Date},
    )
    day = frame.item()
    return day if isinstance(day, date) else None
