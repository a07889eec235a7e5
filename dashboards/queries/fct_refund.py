"""Money paid back and disputed, beside what was paid, by month."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_MONTH: Schema = {
    "month_date": pl.Date,
    "currency": pl.String,
    "refunded_cents": pl.Int64,
    "refund_count": pl.Int64,
    "disputed_cents": pl.Int64,
    "dispute_count": pl.Int64,
}
_DISPUTE: Schema = {
    "dispute_id": pl.String,
    "customer_id": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "amount_cents": pl.Int64,
    "currency": pl.String,
    "created_date": pl.Date,
    "evidence_due_date": pl.Date,
}


def read_money_back(tenant_id: UUID, months: int) -> pl.DataFrame:
    """One row per month and currency, of the last ``months``: refunds that went through, disputes that took money."""
    return read_frame(
        tenant_id,
        """
        with given as (
            select created_date, currency, amount_cents as refunded, 0::bigint as disputed
            from marts.fct_refund
            where tenant_id = %(tenant_id)s and is_succeeded
            union all
            select created_date, currency, 0, amount_cents
            from marts.fct_dispute
            where tenant_id = %(tenant_id)s and is_withdrawn
        )
        select date_trunc('month', created_date)::date, currency, sum(refunded)::bigint,
               count(*) filter (where refunded > 0), sum(disputed)::bigint, count(*) filter (where disputed > 0)
        from given
        where created_date >= date_trunc('month', current_date) - make_interval(months => %(months)s - 1)
        group by 1, 2
        order by 1, 2
        """,
        _MONTH,
        {"months": months},
    )


def read_disputes(tenant_id: UUID, limit: int = 50) -> pl.DataFrame:
    """The newest disputes."""
    return read_frame(
        tenant_id,
        """
        select dispute_id, customer_id, status, reason, amount_cents, currency, created_date, evidence_due_at::date
        from marts.fct_dispute
        where tenant_id = %(tenant_id)s
        order by created_date desc, dispute_id
        limit %(limit)s
        """,
        _DISPUTE,
        {"limit": limit},
    )
