"""How a model fares for groups of leads: the same figures per value of a column. What is fair is not decided here."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from scoring.errors import MissingColumns
from scoring.intake import check_label
from scoring.metrics import measure
from scoring.model import LeadModel

TOP_GRADES = ("A", "B")
BANDS = 4
MIN_LEADS = 30
"""Smaller groups are left out: their figures would be noise, and could tell of single persons."""


def slices(model: LeadModel, frame: pl.DataFrame, *, label: str, by: Sequence[str]) -> pl.DataFrame:
    """One row per column of ``by`` and its value (numbers in four bands), of the leads whose label is matured.

    Columns: ``column``, ``value``, ``n``, ``base_rate``, ``mean_probability``, ``calibration_gap`` (mean probability
    less base rate), ``gap_standard_error``, ``roc_auc`` (NaN with one outcome), ``log_loss``, ``top_grade_rate`` (share
    graded A or B) and ``top_grade_ratio`` (that share over the best group's; below 0.8 is the usual sign of adverse
    impact). Groups below 30 leads are left out. The columns need not be features: a column that the model must not
    see may still be what one has to look at.

    Raises `MissingColumns`, `LabelError` and what `LeadModel.score` raises.
    """
    absent = [name for name in (label, *by) if name not in frame.columns]
    if absent:
        raise MissingColumns(f"the frame lacks {', '.join(map(repr, absent))}", hint="check the column names")
    matured = frame.filter(check_label(frame[label]).is_not_null())
    scored = model.score(matured, reasons=0)
    outcome = check_label(matured[label]).to_numpy()
    probability = scored["probability"].to_numpy()
    top = scored["grade"].is_in(TOP_GRADES).to_numpy()
    rows = []
    for column in by:
        groups = _groups(matured[column])
        for value in groups.unique().sort().to_list():
            rows_of = (groups == value).to_numpy()
            if rows_of.sum() < MIN_LEADS:
                continue
            y, p = outcome[rows_of], probability[rows_of]
            figures = measure(y, p)
            rows.append(
                {
                    "column": column,
                    "value": value,
                    "n": int(rows_of.sum()),
                    "base_rate": figures["base_rate"],
                    "mean_probability": float(p.mean()),
                    "calibration_gap": float(p.mean() - y.mean()),
                    "gap_standard_error": float(np.sqrt((p * (1 - p)).sum()) / len(p)),
                    "roc_auc": figures["roc_auc"],
                    "log_loss": figures["log_loss"],
                    "top_grade_rate": float(top[rows_of].mean()),
                }
            )
    table = pl.DataFrame(rows, schema=_SCHEMA)
    best = pl.col("top_grade_rate").max().over("column")
    return table.with_columns(pl.when(best > 0).then(pl.col("top_grade_rate") / best).alias("top_grade_ratio"))


_SCHEMA = {
    "column": pl.String,
    "value": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(
        (
            "base_rate",
            "mean_probability",
            "calibration_gap",
            "gap_standard_error",
            "roc_auc",
            "log_loss",
            "top_grade_rate",
        ),
        pl.Float64,
    ),
}


def _groups(values: pl.Series) -> pl.Series:
    if values.dtype.is_numeric() and values.n_unique() > BANDS + 1:
        numbers = values.cast(pl.Float64).fill_nan(None)
        edges = {numbers.quantile(step / BANDS) for step in range(1, BANDS)}
        values = numbers.cut(sorted(edge for edge in edges if edge is not None))
    return values.cast(pl.String).fill_null("unknown")
