"""Experiments as the last build knows them."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

EXPERIMENT_LIMIT = 100

_EXPERIMENT: Schema = {
    "experiment_id": pl.String,
    "experiment_key": pl.String,
    "experiment_name": pl.String,
    "hypothesis": pl.String,
    "status": pl.String,
    "unit": pl.String,
    "variants": pl.String,
    "primary_metric": pl.String,
    "secondary_metrics": pl.String,
    "guard_rails": pl.String,
    "outcome_days": pl.Int32,
    "alpha": pl.Float64,
    "least_effect": pl.Float64,
    "planned_units": pl.Int32,
    "starts_at": UTC_TIME,
    "ends_at": UTC_TIME,
    "stopped_at": UTC_TIME,
    "decision": pl.String,
}


def read_experiments(tenant_id: UUID, limit: int = EXPERIMENT_LIMIT) -> pl.DataFrame:
    """The experiments, those that run first, then the latest; lists are JSON."""
    return read_frame(
        tenant_id,
        """
        select experiment_id::text, experiment_key, experiment_name, hypothesis, status, unit, variants::text,
               primary_metric, secondary_metrics::text, guard_rails::text, outcome_days, alpha, least_effect,
               planned_units, starts_at, ends_at, stopped_at, decision
        from marts.dim_experiment
        where tenant_id = %(tenant_id)s
        order by status <> 'running', status = 'draft', starts_at desc nulls last, created_at desc, experiment_id
        limit %(limit)s
        """,
        _EXPERIMENT,
        {"limit": limit},
    )
