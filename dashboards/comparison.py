"""A measure over a period beside the period before it, and a share's bounds. Reading is a query's affair."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import polars as pl

from tekup.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Comparison:
    """``change`` is relative, and None where the earlier period is not fully known or was zero."""

    value: int | None
    change: float | None
    daily: list[float]


def compare(frame: pl.DataFrame, measure: str, last: date, days: int) -> Comparison:
    """``measure`` in the ``days`` up to ``last``, beside the same number of days before.

    ``frame`` holds ``kpi_date`` and the measure. A day without a row counts as zero for a sum; for a level it
    repeats the day before.
    """
    first = last - timedelta(days=2 * days - 1)
    calendar = pl.DataFrame({"kpi_date": pl.date_range(first, last, eager=True)})
    series = calendar.join(frame.select("kpi_date", measure), on="kpi_date", how="left").sort("kpi_date")[measure]
    is_level = METRICS[measure].is_level
    filled = series.forward_fill() if is_level else series.fill_null(0)
    before, now = filled[:days], filled[days:]
    earliest = frame["kpi_date"].min()
    is_known = isinstance(earliest, date) and earliest <= first
    value, earlier = (_last(now), _last(before)) if is_level else (int(now.sum()), int(before.sum()))
    change = (value - earlier) / earlier if is_known and earlier and value is not None else None
    return Comparison(value=value, change=change, daily=now.fill_null(0).cast(pl.Float64).to_list())


def bound_rate(hits: int, cases: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: within 0 and 1, and wide where there are few cases (Wilson 1927)."""
    if cases == 0:
        return 0.0, 1.0
    z = 1.96
    rate, share = hits / cases, z * z / cases
    middle = (rate + share / 2) / (1 + share)
    margin = z / (1 + share) * sqrt(rate * (1 - rate) / cases + share / (4 * cases))
    return max(0.0, middle - margin), min(1.0, middle + margin)


def _last(series: pl.Series) -> int | None:
    value = series[-1]
    return None if value is None else int(value)
