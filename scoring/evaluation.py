"""Measures a trained model on a frame with outcomes. Training lives elsewhere."""

import polars as pl

from scoring.errors import EmptyFrame, MissingColumns
from scoring.intake import check_label
from scoring.metrics import measure
from scoring.model import LeadModel


def evaluate(model: LeadModel, frame: pl.DataFrame, *, label: str) -> dict[str, float]:
    """n, base_rate, roc_auc, pr_auc, log_loss, brier, ece (15 bins of equal width) and lift_at_10.

    Rows whose ``label`` is null are left out. roc_auc and pr_auc are NaN where one outcome is absent.
    """
    if label not in frame.columns:
        raise MissingColumns(f"the frame lacks the label {label!r}")
    outcome = check_label(frame[label])
    matured = frame.filter(outcome.is_not_null())
    if matured.is_empty():
        raise EmptyFrame("no row has a matured label", hint="there is nothing to measure")
    probability = model.score(matured, reasons=0)["probability"].to_numpy()
    return measure(outcome.drop_nulls().to_numpy(), probability)
