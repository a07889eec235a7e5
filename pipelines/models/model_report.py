"""What a tenant may see of how a version of the lead score fares: curves and groups. Nothing is judged here."""

from uuid import UUID

import polars as pl
from psycopg import sql

from pipelines.models.lead_features import LABEL, TENANT
from pipelines.resources.platform import Platform
from scoring import LeadModel, curves, fairness

GROUPS = ("language", "country", "industry", "source")
"""Columns whose groups are shown; language and country stand in for people's origin."""
LEAST_LEADS = 50
"""Fewer held-out leads make no curve: each of its points would be a handful of people."""
_SLICE = {
    "n": "lead_count",
    "base_rate": "base_rate",
    "mean_probability": "mean_probability",
    "calibration_gap": "calibration_gap",
    "gap_standard_error": "gap_standard_error",
    "roc_auc": "roc_auc",
    "log_loss": "log_loss",
    "top_grade_rate": "top_grade_rate",
    "top_grade_ratio": "top_grade_ratio",
}


def groups_of(model: LeadModel, held_out: pl.DataFrame) -> list[dict[str, object]]:
    """How the model fares for groups of all tenants' leads, for its card.

    A value that the model's schema does not hold is left out: too few tenants have it to be told to all.
    """
    found = fairness.slices(model, held_out, label=LABEL, by=_present(held_out))
    levels = {feature.name: set(feature.levels) for feature in model.schema.features}
    return [row for row in found.to_dicts() if row["value"] in levels.get(row["column"], ())]


def record(platform: Platform, version: str, probe: LeadModel, held_out: pl.DataFrame) -> None:
    """Store each tenant's curves and groups, by a model that did not see the leads."""
    for (tenant_id,), rows in held_out.group_by(TENANT):
        if rows.height < LEAST_LEADS:
            continue
        label = rows[LABEL].cast(pl.Float64).to_numpy()
        probability = probe.score(rows, reasons=0)["probability"].to_numpy()
        points = [
            (tenant_id, version, name, *point)
            for name, curve in (("calibration", curves.calibration), ("gain", curves.gain))
            for point in curve(label, probability).rows()
        ]
        groups = fairness.slices(probe, rows, label=LABEL, by=_present(rows)).fill_nan(None)
        with platform.warehouse(UUID(str(tenant_id))) as connection:
            cursor = connection.cursor()
            cursor.executemany(
                "insert into ml.model_curve (tenant_id, model_version, curve, place, x, y, lead_count) "
                "values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
                points,
            )
            cursor.executemany(
                sql.SQL(
                    "insert into ml.model_slice (tenant_id, model_version, name, value, {columns}) "
                    "values (%s, %s, %s, %s, {marks}) on conflict do nothing"
                ).format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, _SLICE.values())),
                    marks=sql.SQL(", ").join(sql.Placeholder() * len(_SLICE)),
                ),
                [(tenant_id, version, *row) for row in groups.select("column", "value", *_SLICE).rows()],
            )


def _present(frame: pl.DataFrame) -> list[str]:
    return [name for name in GROUPS if name in frame.columns]
