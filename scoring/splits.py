"""Which rows teach and which judge while a model is tuned. No model lives here."""

from itertools import pairwise

import numpy as np

Split = tuple[np.ndarray, np.ndarray]
FOLDS = 4
WINDOWS = (0.6, 0.8)


def stratified(label: np.ndarray, *, seed: int, folds: int = FOLDS) -> list[Split]:
    """Folds with equal rates of both outcomes, drawn by ``seed``; fewer where one outcome is scarcer than folds."""
    folds = max(2, min(folds, int(label.sum()), int((1 - label).sum())))
    random = np.random.default_rng(seed)
    fold = np.empty(len(label), dtype=np.int64)
    for outcome in (0, 1):
        rows = random.permutation(np.flatnonzero(label == outcome))
        fold[rows] = np.arange(len(rows)) % folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]


def by_time(time: np.ndarray, label: np.ndarray) -> list[Split]:
    """Two windows in time: 60 % teaches the next 20 %, 80 % teaches the last 20 %; rows of one moment stay together.

    A window whose past or future holds one outcome only is left out; with none left the list is empty.
    """
    edges = [*np.quantile(time, WINDOWS, method="higher"), np.inf]
    splits = []
    for start, end in pairwise(edges):
        past = np.flatnonzero(time < start)
        future = np.flatnonzero((time >= start) & (time < end))
        if all(len(part) and 0 < label[part].sum() < len(part) for part in (past, future)):
            splits.append((past, future))
    return splits
