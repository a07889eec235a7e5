"""What each look at a model version found: whether leads, scores and calibration still lie as in the training."""

from uuid import UUID

import polars as pl

from dashboards.queries.reader import UTC_TIME, Schema, read_frame

ALARMS_FROM = 200.0
"""Evidence at which a detector alarms: `scoring.drift.RUN_LENGTH`, which a page need not load numpy for."""
ALL = "(all)"
"""The name under which a subject's whole detector stands, beside the single things that it looked at."""

_DRIFT: Schema = {
    "subject": pl.String,
    "name": pl.String,
    "looked_until": UTC_TIME,
    "row_count": pl.Int64,
    "psi": pl.Float64,
    "q_value": pl.Float64,
    "evidence": pl.Float64,
    "is_drifting": pl.Boolean,
    "is_alarm": pl.Boolean,
}


def read_latest_look(tenant_id: UUID, model_version: str) -> pl.DataFrame:
    """What the last look at each subject found, thing by thing, what drifts first."""
    return read_frame(
        tenant_id,
        """
        select d.subject, d.name, d.looked_until, d.row_count, d.psi, d.q_value, d.evidence, d.is_drifting, d.is_alarm
        from marts.fct_model_drift as d
        where d.tenant_id = %(tenant_id)s and d.model_version = %(model_version)s
          and d.looked_until = (
              select max(l.looked_until) from marts.fct_model_drift as l
              where l.tenant_id = %(tenant_id)s and l.model_version = %(model_version)s and l.subject = d.subject
          )
        order by d.subject, d.is_drifting desc, d.psi desc nulls last, d.name
        """,
        _DRIFT,
        {"model_version": model_version},
    )


def read_looks(tenant_id: UUID, model_version: str, limit: int = 1_000) -> pl.DataFrame:
    """The detectors' course over all looks, in time order."""
    return read_frame(
        tenant_id,
        """
        select subject, name, looked_until, row_count, psi, q_value, evidence, is_drifting, is_alarm
        from (
            select * from marts.fct_model_drift
            where tenant_id = %(tenant_id)s and model_version = %(model_version)s and name = '(all)'
            order by looked_until desc limit %(limit)s
        ) as newest
        order by looked_until, subject
        """,
        _DRIFT,
        {"model_version": model_version, "limit": limit},
    )
