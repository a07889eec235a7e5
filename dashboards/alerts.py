"""What is unusual against the tenant's own history. Which words tell it is a page's affair."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median

import polars as pl

from tekup.metrics import METRICS

WEEKS = 26
LEAST_WEEKS = 8
LIMIT = 3.5
"""Robust standard deviations from the median, as Iglewicz and Hoaglin (1993) advise."""
_FLOOR_RATE = 0.05  # a figure that hardly ever moves is not unusual for moving by less than this
_PER_MAD = 1.4826  # makes the median deviation a standard deviation where values are normal


@dataclass(frozen=True, slots=True)
class Unusual:
    """A figure of the last seven days far from the weeks before: ``low`` to ``high`` holds 19 weeks of 20."""

    measure: str
    value: float
    low: float
    high: float
    deviation: float

    @property
    def is_bad(self) -> bool:
        """Whether it moved to the worse side."""
        better = METRICS[self.measure].better
        return better != "neither" and (better == "up") != (self.deviation > 0)


def first_day(until: date) -> date:
    """The first day that is looked at for the seven days up to ``until``."""
    return until - timedelta(days=7 * (WEEKS + 1))


def find_unusual(frame: pl.DataFrame, until: date, measures: tuple[str, ...]) -> list[Unusual]:
    """Those of ``measures`` whose seven days up to ``until`` lie outside the weeks before, the farthest first.

    ``frame`` holds ``kpi_date`` and the measures by day. A sum is added up by week, of a level its change over the week
    is taken. Fewer than eight weeks of history say nothing. The spread of the weeks is their median deviation, for
    a count at least the square root of the median (as chance alone would have it), and at least 5 % of the median.
    """
    found = [one for one in (_judge(frame, until, measure) for measure in measures) if one is not None]
    return sorted(found, key=lambda one: (-abs(one.deviation), one.measure))


def _judge(frame: pl.DataFrame, until: date, measure: str) -> Unusual | None:
    weeks = _add_by_week(frame, until, measure)
    if len(weeks) < LEAST_WEEKS + 1:
        return None
    value, history = weeks[0], weeks[1:]
    middle = median(history)
    spread = _PER_MAD * median(abs(week - middle) for week in history)
    metric = METRICS[measure]
    if not metric.is_money and not metric.is_level:
        spread = max(spread, sqrt(max(middle, 1.0)))
    scale = _level_of(frame, measure) if metric.is_level else abs(middle)
    spread = max(spread, _FLOOR_RATE * scale, 1.0)
    deviation = (value - middle) / spread
    if abs(deviation) < LIMIT:
        return None
    low = middle - 2 * spread
    return Unusual(measure, value, low if metric.is_level else max(0.0, low), middle + 2 * spread, deviation)


def _add_by_week(frame: pl.DataFrame, until: date, measure: str) -> list[float]:
    """Seven days each, the newest first; only weeks of which every day is known."""
    earliest = frame["kpi_date"].min()
    if not isinstance(earliest, date):
        return []
    days = (until - max(earliest, first_day(until))).days
    start = until - timedelta(days=7 * (days // 7))
    calendar = pl.DataFrame({"kpi_date": pl.date_range(start, until, eager=True)})
    series = calendar.join(frame.select("kpi_date", measure), on="kpi_date", how="left").sort("kpi_date")[measure]
    if METRICS[measure].is_level:
        levels = series.forward_fill().fill_null(0).to_list()
        return [float(levels[-1 - 7 * week] - levels[-8 - 7 * week]) for week in range(days // 7)]
    sums = series.fill_null(0).to_list()[1:]
    return [float(sum(sums[len(sums) - 7 * (week + 1) : len(sums) - 7 * week])) for week in range(days // 7)]


def _level_of(frame: pl.DataFrame, measure: str) -> float:
    newest = frame.sort("kpi_date")[measure].drop_nulls()
    return abs(float(newest[-1])) if newest.len() else 0.0
