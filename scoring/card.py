"""The model card: what a person should know before trusting a model. It formats figures and computes none."""

from collections.abc import Mapping, Sequence
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
    lines += _groups(metrics.get("groups", ()))
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


def _groups(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """How groups of leads fare; a share of top grades below 0.8 of the best group's is the usual sign of a bias."""
    if not groups:
        return []
    lines = ["", "## Groups of leads", "", "| group | leads | won | mean score | top grades against the best |"]
    lines += ["|---|---|---|---|---|"]
    for row in groups:
        told = [_number(row[name]) for name in ("base_rate", "mean_probability", "top_grade_ratio")]
        lines.append(f"| {row['column']} = {row['value']} | {row['n']} | {' | '.join(told)} |")
    return lines


def write_figures(title: str, metrics: Mapping[str, Any]) -> str:
    """Markdown of a model that is no lead score: its figures on rows held out, as they are named."""
    lines = [f"# {title}", "", "## Figures on rows held out", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {value:.4f} |" for name, value in metrics.items() if isinstance(value, int | float)]
    return "\n".join([*lines, "", "A person decides, not the figure.", ""])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
