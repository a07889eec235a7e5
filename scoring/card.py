"""The model card: what a person should know before trusting a model. It formats figures and computes none."""

from collections.abc import Mapping
from typing import Any

import polars as pl

MEASURES = ("roc_auc", "pr_auc", "log_loss", "brier", "ece", "lift_at_10")
SHOWN_FEATURES = 20


def write(metrics: Mapping[str, Any], importance: pl.DataFrame, calibration: str) -> str:
    """Markdown from a model's metrics, its feature importance and the name of its calibration."""
    lines = ["# Lead model", "", "## Data", ""]
    data = metrics.get("data", {})
    lines += [f"- {name.replace('_', ' ')}: {value}" for name, value in data.items()]
    lines += ["", "## Quality on rows held out", "", "| measure | model | naive Bayes |", "|---|---|---|"]
    ours, theirs = metrics.get("validation", {}), metrics.get("baseline", {})
    lines += [f"| {name} | {_number(ours.get(name))} | {_number(theirs.get(name))} |" for name in MEASURES]
    lines += ["", f"Judged by: {metrics.get('split', 'unknown')}. Calibration: {calibration}."]
    lines += ["", "## What the trees use", "", "| feature | share of gain |", "|---|---|"]
    lines += [f"| {name} | {share:.3f} |" for name, share in importance.head(SHOWN_FEATURES).iter_rows()]
    lines += [
        "",
        "## Limits",
        "",
        "Probabilities hold for leads like those of the training; a changed market needs a new training. Grades rank",
        "leads against others: by chance alone, or by chance times value where a tenant told how many it can work.",
        "A person decides, not the score.",
        "",
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
