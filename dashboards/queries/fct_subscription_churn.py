"""Subscriptions by the chance that they end, and what that chance comes from. Predicting is scoring's affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

RISK_LIMIT = 100

_RISK: Schema = {
    "subscription_id": pl.String,
    "customer_id": pl.String,
    "customer": pl.String,
    "product_name": pl.String,
    "probability": pl.Float64,
    "probability_low": pl.Float64,
    "probability_high": pl.Float64,
    "has_enough_data": pl.Boolean,
    "mrr_cents": pl.Int64,
    "mrr_at_risk_cents": pl.Int64,
    "currency": pl.String,
    "reasons": pl.String,
    "predicted_at": UTC_TIME,
}
_PREDICTOR: Schema = {"feature": pl.String, "weight": pl.Float64, "raising": pl.Int64, "lowering": pl.Int64}
_SUMMARY: Schema = {
    "currency": pl.String,
    "subscription_count": pl.Int64,
    "mrr_cents": pl.Int64,
    "mrr_at_risk_cents": pl.Int64,
    "expected_churn_count": pl.Float64,
    "thin_count": pl.Int64,
}


def read_at_risk(tenant_id: UUID, currency: str, limit: int = RISK_LIMIT) -> pl.DataFrame:
    """Running subscriptions, those with the most revenue at risk first."""
    return read_frame(
        tenant_id,
        """
        select churn.subscription_id, churn.customer_id, coalesce(value.email, churn.customer_id), churn.product_name,
               churn.probability, churn.probability_low, churn.probability_high, churn.has_enough_data,
               churn.mrr_cents, churn.mrr_at_risk_cents, churn.currency, churn.reasons::text, churn.predicted_at
        from marts.fct_subscription_churn as churn
        left join marts.fct_customer_value as value
            on value.tenant_id = churn.tenant_id and value.customer_id = churn.customer_id
        where churn.tenant_id = %(tenant_id)s and churn.currency = %(currency)s
        order by churn.mrr_at_risk_cents desc nulls last, churn.probability desc, churn.subscription_id
        limit %(limit)s
        """,
        _RISK,
        {"currency": currency, "limit": limit},
    )


def read_risk_summary(tenant_id: UUID) -> pl.DataFrame:
    """One row per currency: how much of the running revenue is expected to end within 90 days."""
    return read_frame(
        tenant_id,
        """
        select currency, count(*), sum(mrr_cents)::bigint, sum(mrr_at_risk_cents)::bigint, sum(probability),
               count(*) filter (where not has_enough_data)
        from marts.fct_subscription_churn
        where tenant_id = %(tenant_id)s
        group by currency
        order by currency
        """,
        _SUMMARY,
    )


def read_predictors(tenant_id: UUID) -> pl.DataFrame:
    """What the predictions rest on: the mean weight of each feature over all subscriptions, the weightiest first.

    ``raising`` and ``lowering`` count the subscriptions whose chance of ending it raises and lowers.
    """
    return read_frame(
        tenant_id,
        """
        select reason ->> 'feature', avg(abs((reason ->> 'contribution')::double precision)) * count(*)
                   / (select count(*) from marts.fct_subscription_churn where tenant_id = %(tenant_id)s),
               count(*) filter (where (reason ->> 'contribution')::double precision > 0),
               count(*) filter (where (reason ->> 'contribution')::double precision < 0)
        from marts.fct_subscription_churn, jsonb_array_elements(reasons) as reason
        where tenant_id = %(tenant_id)s
        group by 1
        order by 2 desc, 1
        limit 10
        """,
        _PREDICTOR,
    )
