"""How a model version fares for groups of the tenant's own leads. What is fair is not decided here."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_SLICE: Schema = {
    "name": pl.String,
    "value": pl.String,
    "lead_count": pl.Int64,
    "base_rate": pl.Float64,
    "mean_probability": pl.Float64,
    "calibration_gap": pl.Float64,
    "gap_standard_error": pl.Float64,
    "roc_auc": pl.Float64,
    "top_grade_rate": pl.Float64,
    "top_grade_ratio": pl.Float64,
}


def read_slices(tenant_id: UUID, model_version: str, limit: int = 200) -> pl.DataFrame:
    """A row a group, by what groups them, the largest group first."""
    return read_frame(
        tenant_id,
        """
        select name, value, lead_count, base_rate, mean_probability, calibration_gap, gap_standard_error, roc_auc,
               top_grade_rate, top_grade_ratio
        from ml.model_slice
        where tenant_id = %(tenant_id)s and model_version = %(model_version)s
        order by name, lead_count desc, value
        limit %(limit)s
        """,
        _SLICE,
        {"model_version": model_version, "limit": limit},
    )
