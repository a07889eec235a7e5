"""A lead's scores over time, as they were given."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

_SCORE: Schema = {
    "scored_at": UTC_TIME,
    "probability": pl.Float64,
    "grade": pl.String,
    "model_version": pl.String,
    "has_new_model": pl.Boolean,
}


def read_score_history(tenant_id: UUID, lead_id: UUID, limit: int = 200) -> pl.DataFrame:
    """The newest scores in time order; ``has_new_model`` is false for the very first one."""
    return read_frame(
        tenant_id,
        """
        select scored_at, probability, grade, model_version, has_new_model and probability_change is not null
        from (
            select * from marts.fct_lead_score_history
            where tenant_id = %(tenant_id)s and lead_id = %(lead_id)s
            order by scored_at desc limit %(limit)s
        ) as newest
        order by scored_at
        """,
        _SCORE,
        {"lead_id": lead_id, "limit": limit},
    )
