"""Finds features that know the outcome. What to do about them is decided elsewhere.

Two signs count. Alone: the feature by itself tells the outcomes apart almost perfectly. Dominant: the model is very
good with the feature and half of the way to perfection is lost without it. Both must hold beyond the noise of the
sample (lower 95 % bound), or thin data would be accused by chance.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from scoring.boosting import Rows, Shape, fit_rounds
from scoring.schema import Schema
from scoring.splits import stratified

ALONE_AUC = 0.95
ALONE_LOWER = 0.90
DOMINANT_AUC = 0.90
DOMINANT_SHARE = 0.5
SUSPECTS = 3
MAX_ROWS = 10_000
QUICK = Shape(7, columns=1.0, leaf_rows=10)
ALL = 120
ONE = 25


def detect(schema: Schema, rows: Rows, *, seed: int, threads: int) -> dict[str, str]:
    """Suspicious feature names with their evidence in words; empty where none is found."""
    rows = _sample(rows, seed)
    found: dict[str, str] = {}
    for position, name in enumerate(schema.names):
        auc = _held_auc(rows, [position], ONE, seed, threads)
        if auc >= ALONE_AUC and auc - 1.64 * _standard_error(auc, rows.label) >= ALONE_LOWER:
            found[name] = f"alone it reaches ROC AUC {auc:.3f}"
    everything = list(range(len(schema.features)))
    if found or len(everything) == 1:
        return found
    full = _held_auc(rows, everything, ALL, seed, threads)
    if full - 1.64 * _standard_error(full, rows.label) < DOMINANT_AUC:
        return found
    gains = fit_rounds(rows, QUICK, ALL, seed=seed, threads=threads).feature_importance("gain")
    for position in np.argsort(-gains, kind="stable")[:SUSPECTS]:
        without = _held_auc(rows, [p for p in everything if p != position], ALL, seed, threads)
        if (full - without) / (1 - without) >= DOMINANT_SHARE:
            found[schema.names[position]] = f"with it ROC AUC is {full:.3f}, without it {without:.3f}"
    return found


def learned_too_late(frame: pl.DataFrame, time: str, known_at: Mapping[str, str]) -> dict[str, str]:
    """Features whose value was known only after the lead's moment, with the evidence in words.

    ``known_at`` names for a feature the column that says since when its value stood; a null there says nothing.
    """
    found: dict[str, str] = {}
    for name, column in known_at.items():
        late = (frame[column] > frame[time]).fill_null(False) & frame[name].is_not_null()
        if late.any():
            found[name] = f"{late.sum()} of {frame.height} values were known only after {time!r}, by {column!r}"
    return found


def _sample(rows: Rows, seed: int) -> Rows:
    count = len(rows.label)
    if count <= MAX_ROWS:
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).choice(count, MAX_ROWS, replace=False)))


def _held_auc(rows: Rows, columns: list[int], rounds: int, seed: int, threads: int) -> float:
    """ROC AUC of a quick model on these columns, each half judged by the other; never below 0.5."""
    categorical = [i for i, column in enumerate(columns) if column in rows.categorical]
    part = replace(
        rows,
        matrix=np.ascontiguousarray(rows.matrix[:, columns]),
        categorical=categorical,
        monotone=(),
        age=None,
    )
    aucs = []
    for teach, test in stratified(part.label, seed=seed, folds=2):
        booster = fit_rounds(part.take(teach), QUICK, rounds, seed=seed, threads=threads)
        raw = booster.predict(part.matrix[test], raw_score=True, num_threads=threads)
        aucs.append(roc_auc_score(part.label[test], raw))
    return max(0.5, float(np.mean(aucs)))


def _standard_error(auc: float, label: np.ndarray) -> float:
    """Hanley and McNeil 1982."""
    wins, losses = label.sum(), (1 - label).sum()
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (wins - 1) * (one - auc**2) + (losses - 1) * (two - auc**2)
    return float(np.sqrt(max(variance, 0.0) / (wins * losses)))
