"""Whether leads, scores and calibration still lie as in the training snapshot, with false alarms kept rare.

A *reference* is counts by bin, so no row of the snapshot is kept. Each lead is looked at once, in batches of arrivals.
Within a look, features are named by Benjamini and Hochberg's rule and a population stability index that matters.
From look to look, a detector adds up evidence (Shin, Ramdas and Rinaldo, E-detectors, 2024): p-values become
e-values, their mean holds under any dependence among features, and the Shiryaev-Roberts sum of their products alarms
at ``RUN_LENGTH``, which is then also the least mean number of looks between two false alarms.
Where rows come from and where verdicts go is not known here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import special, stats

from scoring.schema import as_text

FEATURE_BINS = 10
SCORE_BINS = 50
CALIBRATION_BINS = 5
MAX_LEVELS = 30
RUN_LENGTH = 200.0
FALSE_DISCOVERIES = 0.05
PSI_THAT_MATTERS = 0.1
LEAST_EXPECTED = 5.0
OTHER = "(other)"
Bins = Mapping[str, Any]
"""``kind`` and ``counts``, the last of which counts nulls; ``edges`` of numbers or ``levels`` of categories."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one thing lies in a batch against its reference: rows, population stability index, p-value."""

    rows: int
    psi: float
    p_value: float


def reference_of(values: pl.Series, *, bins: int = FEATURE_BINS) -> dict[str, Any]:
    """Counts by bin: quantiles of numbers (booleans count as 0 and 1), the commonest levels of text.

    >>> reference_of(pl.Series(["a", "b", "a", None]))
    {'kind': 'levels', 'levels': ['a', 'b', '(other)'], 'counts': [2, 1, 0, 1]}
    """
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        known = values.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])).tolist() if len(known) else []
        shape: dict[str, Any] = {"kind": "numbers", "edges": edges}
    else:
        common = as_text(values).drop_nulls().value_counts(sort=True, name="rows")
        names = common.sort(["rows", common.columns[0]], descending=[True, False]).head(MAX_LEVELS).to_series(0)
        shape = {"kind": "levels", "levels": [*names.to_list(), OTHER]}
    return shape | {"counts": count(shape, values).tolist()}


def count(shape: Bins, values: pl.Series) -> np.ndarray:
    """Rows of ``values`` by the bins of ``shape``, nulls last."""
    if shape["kind"] == "numbers":
        floats = values.cast(pl.Float64).fill_nan(None)
        known = floats.drop_nulls().to_numpy()
        edges = np.asarray(shape["edges"], dtype=float)
        counted = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
        return np.append(counted, floats.null_count())
    levels: list[str] = shape["levels"]
    codes = {level: code for code, level in enumerate(levels[:-1])}
    text = as_text(values)
    known_text = text.drop_nulls()
    coded = known_text.replace_strict(
        list(codes), list(codes.values()), default=len(levels) - 1, return_dtype=pl.Int64
    ).to_numpy()
    return np.append(np.bincount(coded, minlength=len(levels)), text.null_count())


def compare(reference: Bins, values: pl.Series) -> Look:
    """A feature against its reference: two-sample chi-squared over the bins, sparse ones put together."""
    before, now = np.asarray(reference["counts"], dtype=float), count(reference, values).astype(float)
    return Look(int(now.sum()), stability_index(before, now), _chi_squared(before, now))


def compare_scores(reference: Bins, probability: np.ndarray) -> Look:
    """Scores against theirs: Kolmogorov and Smirnov's two-sample test on the bins, which makes it cautious."""
    before = np.asarray(reference["counts"], dtype=float)
    now = count(reference, pl.Series(probability)).astype(float)
    n, m = before.sum(), now.sum()
    if not n or not m:
        return Look(int(m), 0.0, 1.0)
    gap = float(np.abs(np.cumsum(before) / n - np.cumsum(now) / m).max())
    # bins of few rows would make the index noisy: for it they are put together by fives
    coarse = [np.add.reduceat(counts, np.arange(0, len(counts), 5)) for counts in (before, now)]
    return Look(int(m), stability_index(*coarse), float(stats.kstwobign.sf(gap * np.sqrt(n * m / (n + m)))))


def reference_of_calibration(label: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    """By fifths of the score: rows, and the sums of outcome less score and of its squares."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])).tolist()
    return {"edges": edges} | {name: part.tolist() for name, part in _residuals(edges, label, probability).items()}


def compare_calibration(reference: Bins, label: np.ndarray, probability: np.ndarray) -> Look:
    """Outcomes against scores, compared with how they lay when the model was taught; the index is the mean gap.

    A model that was a little off from the start is no alarm: what is tested is the change, bin by bin.
    """
    now = _residuals(reference["edges"], label, probability)
    before = {name: np.asarray(reference[name], dtype=float) for name in now}
    held = (before["rows"] > 0) & (now["rows"] > 0)
    if not held.any():
        return Look(len(label), 0.0, 1.0)
    b, n = ({name: part[held] for name, part in side.items()} for side in (before, now))
    change = n["residual"] / n["rows"] - b["residual"] / b["rows"]
    rows = n["rows"] + b["rows"]
    # how outcomes scatter about the scores, seen on both sides: a model that is off mistakes its own scatter
    spread = (n["squares"] + b["squares"]) / rows - ((n["residual"] + b["residual"]) / rows) ** 2
    variance = np.maximum(spread, 1e-9) * (1 / n["rows"] + 1 / b["rows"])
    p_value = float(stats.chi2.sf((change**2 / variance).sum(), held.sum()))
    return Look(len(label), float(np.average(np.abs(change), weights=n["rows"])), p_value)


def stability_index(before: np.ndarray, now: np.ndarray) -> float:
    """Population stability index of two rows of counts; half a row in each bin keeps it finite.

    >>> round(stability_index(np.array([50, 50]), np.array([50, 50])), 6)
    0.0
    """
    old, new = (before + 0.5) / (before + 0.5).sum(), (now + 0.5) / (now + 0.5).sum()
    return float(((new - old) * np.log(new / old)).sum())


def adjust(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's q-values: naming those at most q keeps the share of false names at q.

    >>> adjust([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.03]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    stepped = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    return [float(x) for x in np.minimum(q, 1.0)]


def e_value(p_value: float) -> float:
    """Evidence against no drift from a p-value: the mixture of all power calibrators, whose mean is at most 1.

    >>> round(e_value(1.0), 3), round(e_value(0.001), 1)
    (0.5, 20.8)
    """
    p = min(max(p_value, 1e-300), 1.0)
    log = np.log(p)
    return 0.5 if p > 1 - 1e-6 else float((1 - p + p * log) / (p * log**2))


def add_evidence(before: float, p_values: Sequence[float]) -> float:
    """The detector's sum after a look: (1 + before) times the mean e-value. It alarms from `RUN_LENGTH` on."""
    if not p_values:
        return before
    return min((1 + before) * float(np.mean([e_value(p) for p in p_values])), 1e300)


def is_named(look: Look, q_value: float) -> bool:
    """Whether a feature is told to have drifted: surely, and by an amount that matters."""
    return q_value <= FALSE_DISCOVERIES and look.psi >= PSI_THAT_MATTERS


def _chi_squared(before: np.ndarray, now: np.ndarray) -> float:
    total = before + now
    n, m = before.sum(), now.sum()
    if not n or not m:
        return 1.0
    enough = total * min(n, m) / (n + m) >= LEAST_EXPECTED
    counts = [np.append(side[enough], side[~enough].sum()) for side in (before, now)]
    pooled = counts[0] + counts[1]
    filled = pooled > 0
    if filled.sum() < 2:
        return 1.0
    a, b, pooled = counts[0][filled], counts[1][filled], pooled[filled]
    distance = ((a * np.sqrt(m / n) - b * np.sqrt(n / m)) ** 2 / pooled).sum()
    return float(special.chdtrc(filled.sum() - 1, distance))


def _residuals(edges: Sequence[float], label: np.ndarray, probability: np.ndarray) -> dict[str, np.ndarray]:
    which = np.searchsorted(np.asarray(edges, dtype=float), probability, side="left")
    size = len(edges) + 1
    return {
        "rows": np.bincount(which, minlength=size),
        "residual": np.bincount(which, label - probability, minlength=size),
        "squares": np.bincount(which, (label - probability) ** 2, minlength=size),
    }
