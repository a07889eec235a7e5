"""How a model version's chances met the outcomes of the tenant's own leads, as points of curves."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_POINT: Schema = {
    "curve": pl.String,
    "place": pl.Int64,
    "x": pl.Float64,
    "y": pl.Float64,
    "lead_count": pl.Int64,
}


def read_curves(tenant_id: UUID, model_version: str) -> pl.DataFrame:
    """The points of each curve in order; none where the tenant had too few leads for one."""
    return read_frame(
        tenant_id,
        """
        select curve, place, x, y, lead_count
        from ml.model_curve
        where tenant_id = %(tenant_id)s and model_version = %(model_version)s
        order by curve, place
        """,
        _POINT,
        {"model_version": model_version},
    )
