"""Grades A to E from probabilities or expected values: edges and lookup. Nothing here knows models or leads."""

from collections.abc import Sequence

import numpy as np

from tekup.errors import BadInput

GRADES = ("A", "B", "C", "D", "E")
SHARES = (0.10, 0.20, 0.30, 0.25, 0.15)


def shares_for(capacity: float) -> tuple[float, ...]:
    """Shares of the grades where people can work ``capacity`` (0 to 0.25) of the leads.

    A is what they can work, B what they would work next, C twice that; D and E halve the rest.

    >>> shares_for(0.1)
    (0.1, 0.1, 0.2, 0.3, 0.3)
    """
    if not 0 < capacity <= 0.25:
        raise BadInput(f"a capacity of {capacity} is not between 0 and 0.25", hint="leads worked over leads that come")
    rest = round((1 - 4 * capacity) / 2, 12)
    return (capacity, capacity, 2 * capacity, rest, rest)


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
