"""Where a monthly level goes if it goes on as it did: a random walk with drift. What it measures is not known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import fmean, stdev

LEAST_MONTHS = 6
"""With fewer changes than this their spread says nothing of use."""


@dataclass(frozen=True, slots=True)
class Projection:
    """One month ahead with its 95 % interval."""

    value: float
    low: float
    high: float


def project(levels: Sequence[float], months: int) -> list[Projection]:
    """The next ``months`` after ``levels``; none where there are fewer than seven levels.

    ``value`` goes on by the mean change d of the n changes; the standard error h months ahead is s·√(h + h²/n), with s
    the changes' standard deviation, since d itself is estimated (Hyndman and Athanasopoulos, Forecasting, 5.5). A
    level is never below nothing.
    """
    changes = [after - before for before, after in pairwise(levels)]
    if len(changes) < LEAST_MONTHS:
        return []
    drift, spread = fmean(changes), stdev(changes)
    ahead = []
    for step in range(1, months + 1):
        value = levels[-1] + step * drift
        margin = 1.96 * spread * sqrt(step + step * step / len(changes))
        ahead.append(Projection(max(value, 0.0), max(value - margin, 0.0), max(value + margin, 0.0)))
    return ahead
