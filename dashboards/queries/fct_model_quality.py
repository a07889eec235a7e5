"""How good each model version was on the tenant's own rows: held out of the training, and on outcomes that came."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_QUALITY: Schema = {
    "model_version": pl.String,
    "trained_at": UTC_TIME,
    "metric": pl.String,
    "held_out_value": pl.Float64,
    "held_out_baseline": pl.Float64,
    "held_out_lead_count": pl.Int64,
    "outcome_value": pl.Float64,
    "outcome_lead_count": pl.Int64,
    "outcome_won_count": pl.Int64,
    "matured_until": UTC_TIME,
    "is_live": pl.Boolean,
}


def read_model_quality(tenant_id: UUID, kind: str, limit: int = 2_000) -> pl.DataFrame:
    """A row a version and measure, the oldest version first."""
    return read_frame(
        tenant_id,
        """
        select q.model_version, v.trained_at, q.metric, q.held_out_value, q.held_out_baseline, q.held_out_lead_count,
               q.outcome_value, q.outcome_lead_count, q.outcome_won_count, q.matured_until, q.is_live
        from marts.fct_model_quality as q
        inner join ml.model_version as v on v.model_version = q.model_version
        where q.tenant_id = %(tenant_id)s and q.kind = %(kind)s
        order by v.trained_at, q.model_version, q.metric
        limit %(limit)s
        """,
        _QUALITY,
        {"kind": kind, "limit": limit},
    )
