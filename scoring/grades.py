"""Grades A to E from probabilities: the edges and the lookup. Nothing here knows models or frames of leads."""

from collections.abc import Sequence

import numpy as np

GRADES = ("A", "B", "C", "D", "E")
SHARES = (0.10, 0.20, 0.30, 0.25, 0.15)


def find_edges(probability: np.ndarray, *, shares: Sequence[float] = SHARES) -> list[float]:
    """The lower edges of all grades but the last: quantiles of ``probability``, highest first.

    >>> find_edges(np.arange(1, 101) / 100)
    [0.901, 0.703, 0.406, 0.1585]
    """
    levels = 1 - np.cumsum(shares)[:-1]
    return [round(float(edge), 12) for edge in np.quantile(probability, levels)]


def grade(probability: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Grade of each probability: the first whose edge it exceeds, so that a tie lifts nobody.

    >>> grade(np.array([0.95, 0.5, 0.01]), [0.9, 0.7, 0.4, 0.1]).tolist()
    ['A', 'C', 'E']
    """
    below = np.sum(probability[:, None] <= np.asarray(edges)[None, :], axis=1)
    return np.asarray(np.take(GRADES, below))
