"""Sums of an experiment's outcomes by day of exposure. Judging them is `tekup.experiments`' affair."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import Schema, read_frame

_LINE: Schema = {
    "metric": pl.String,
    "variant": pl.String,
    "exposed_date": pl.Date,
    "person_count": pl.Int64,
    "metric_sum": pl.Float64,
    "metric_square_sum": pl.Float64,
    "covariate_sum": pl.Float64,
    "covariate_square_sum": pl.Float64,
    "product_sum": pl.Float64,
}


def read_lines(tenant_id: UUID, experiment_id: UUID) -> pl.DataFrame:
    """One line a metric, variant and day of exposure, oldest first."""
    return read_frame(
        tenant_id,
        """
        select metric, variant, exposed_date, person_count, metric_sum::float8, metric_square_sum::float8,
               covariate_sum::float8, covariate_square_sum::float8, product_sum::float8
        from marts.fct_experiment_result_daily
        where tenant_id = %(tenant_id)s and experiment_id = %(experiment_id)s
        order by exposed_date, metric, variant
        """,
        _LINE,
        {"experiment_id": experiment_id},
    )
