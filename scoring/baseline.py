"""Frequency naive Bayes, the scoring that spreadsheets and simple CRMs do: the mark that a model must beat."""

import numpy as np
import polars as pl

from scoring.logit import sigmoid
from scoring.metrics import measure
from scoring.schema import Feature, Schema, fit
from scoring.splits import Split, stratified

BINS = 10


def baseline(frame: pl.DataFrame, label: str, *, test: pl.DataFrame | None = None, seed: int = 0) -> dict[str, float]:
    """The measures of `scoring.evaluate` for naive Bayes on the frequencies of categories and booleans.

    Numbers count only where there is nothing else, in ten bins: correlated numbers make naive Bayes absurdly sure.

    With ``test`` it learns from ``frame`` and is judged on ``test``; without, it is judged out of fold on
    ``frame``. Rows with a null label are ignored; columns that are no feature must be dropped before.
    """
    known = frame.drop_nulls(label)
    schema = fit(known, [name for name in known.columns if name != label])
    y = known[label].cast(pl.Float64).to_numpy()
    matrix = schema.encode(known)
    if test is None:
        splits = stratified(y, seed=seed)
        held = np.concatenate([rows for _, rows in splits])
        return measure(y[held], sigmoid(held_out(schema, matrix, y, splits)[held]))
    judged = test.drop_nulls(label)
    logit = _predict(schema, matrix, y, schema.encode(judged))
    return measure(judged[label].cast(pl.Float64).to_numpy(), sigmoid(logit))


def held_out(schema: Schema, matrix: np.ndarray, label: np.ndarray, splits: list[Split]) -> np.ndarray:
    """Log-odds of naive Bayes for the rows that a split holds out; NaN for rows that none does."""
    out = np.full(len(label), np.nan)
    for teach, test in splits:
        out[test] = _predict(schema, matrix[teach], label[teach], matrix[test])
    return out


def _predict(schema: Schema, matrix: np.ndarray, label: np.ndarray, rows: np.ndarray) -> np.ndarray:
    prior = (label.sum() + 0.5) / (len(label) + 1)
    logit = np.full(len(rows), np.log(prior / (1 - prior)))
    only_numbers = all(feature.kind == "numeric" for feature in schema.features)
    for position, feature in enumerate(schema.features):
        if feature.kind == "numeric" and not only_numbers:
            continue
        teach, ask = _cells(feature, matrix[:, position], rows[:, position])
        size = int(max(teach.max(initial=0), ask.max(initial=0))) + 1
        won = np.bincount(teach, label, minlength=size)
        lost = np.bincount(teach, 1 - label, minlength=size)
        ratio = np.log((won + prior) / (label.sum() + 1)) - np.log((lost + 1 - prior) / ((1 - label).sum() + 1))
        logit += ratio[ask]
    return np.asarray(np.clip(logit, -13.0, 13.0))


def _cells(feature: Feature, teach: np.ndarray, ask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cell numbers of both sets of values; a null has a cell of its own."""
    if feature.kind == "categorical":
        return teach.astype(np.int64), ask.astype(np.int64)
    known = teach[~np.isnan(teach)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.array([])
    cells = []
    for values in (teach, ask):
        cells.append(np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="right")))
    return cells[0].astype(np.int64), cells[1].astype(np.int64)
