"""Small bridges from numpy draws to polars columns. What is drawn, and with which odds, is decided elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOUR = 3_600_000_000
DAY = 24 * HOUR
NEVER = -1

INSTANT = pl.Datetime("us", "UTC")


def microseconds(moment: datetime) -> int:
    """Return microseconds since the epoch."""
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)


def instants(values: Ints) -> pl.Series:
    """Return UTC instants; ``NEVER`` becomes null."""
    series = pl.Series(values)
    return series.set(pl.Series(values < 0), None).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def dates(values: Ints) -> pl.Series:
    """Return the UTC date of each instant; ``NEVER`` becomes null."""
    return instants(values).dt.date()


def pick(words: Sequence[str | None] | pl.Series, index: Ints) -> pl.Series:
    """Return ``words[index]``; a negative index becomes null."""
    series = words if isinstance(words, pl.Series) else pl.Series(words, dtype=pl.String)
    positions = pl.Series(index)
    return series.gather(positions.set(pl.Series(index < 0), None).cast(pl.UInt32))


def choose(rng: np.random.Generator, weights: Sequence[float] | Floats, count: int) -> Ints:
    """Draw ``count`` positions with the given odds."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    places = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
    return np.asarray(places, dtype=np.int64)


def choose_by_row(rng: np.random.Generator, weights: Floats) -> Ints:
    """Draw one position per row of a (rows, options) table of odds."""
    cumulative = np.cumsum(weights, axis=1)
    below = rng.random((len(weights), 1)) * cumulative[:, -1:] > cumulative
    return np.asarray(below.sum(axis=1), dtype=np.int64)


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


def solve_intercept(logit: Floats, target: float) -> float:
    """Return the constant that makes the mean of ``sigmoid(logit + constant)`` equal to ``target``."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if sigmoid(logit + middle).mean() < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def sample_times(rng: np.random.Generator, count: int, start: int, end: int, peak_month: int) -> Ints:
    """Draw instants in [start, end) with growth, a yearly season, quiet week-ends and office hours."""
    days = max((end - start) // DAY + 1, 1)
    day = start // DAY + np.arange(days)
    phase = 2 * np.pi * ((day % 365.25) / 365.25 - (peak_month - 0.5) / 12)
    weekday = (day + 3) % 7
    odds = (1 + 0.35 * np.cos(phase)) * (1 + 0.6 * np.arange(days) / days) * np.where(weekday >= 5, 0.45, 1.0)
    hours = np.array([1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 13, 12, 13, 13, 12, 10, 8, 8, 9, 9, 7, 4, 2], dtype=float)
    chosen = day[choose(rng, odds, count)] * DAY + choose(rng, hours, count) * HOUR
    moments = chosen + rng.integers(0, HOUR, count)
    return np.asarray(np.clip(moments, start, end - 1), dtype=np.int64)
