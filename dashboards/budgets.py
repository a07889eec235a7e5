"""A budget moved to where it returns most, with the gain and its interval. Curves and split are `attribution`'s."""

from dataclasses import dataclass
from uuid import UUID

import polars as pl

import attribution
from attribution.response import TOTAL
from dashboards.queries import fct_attribution_daily

WEEKS = 104
LEAST_WEEKS = 12
"""With fewer weeks of spend a curve is a guess."""
LEVEL = 0.9
_REPLICATES = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """``channels`` with ``spend``, ``proposed``, ``gain``, ``gain_low``, ``gain_high``, ``is_extrapolated``; money a
    week.

    ``left_out`` are paid channels with too few weeks of spend to be moved.
    """

    channels: pl.DataFrame
    spend: float
    proposed: float
    gain: float
    gain_low: float
    gain_high: float
    left_out: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the whole interval lies on one side of nothing gained."""
        return self.gain_low > 0 or self.gain_high < 0


@dataclass(frozen=True, slots=True)
class Returns:
    """Response curves of the channels with enough weeks of spend, and the paid channels without."""

    curves: attribution.Curves
    left_out: tuple[str, ...]


def read_returns(tenant_id: UUID, model: str) -> Returns | None:
    """Curves of the tenant's channels, of value credited by ``model``; see `fit_returns`."""
    return fit_returns(fct_attribution_daily.read_weeks(tenant_id, model, WEEKS))


def fit_returns(weeks: pl.DataFrame) -> Returns | None:
    """Curves from ``channel``, ``period``, ``spend`` and ``results`` in the same currency, every week of every channel.

    None where fewer than two channels have twelve weeks of spend.
    """
    if weeks.is_empty():
        return None
    spent = weeks.group_by("channel").agg((pl.col("spend") > 0).sum().alias("count"))
    kept = spent.filter(pl.col("count") >= LEAST_WEEKS)["channel"].to_list()
    if len(kept) < 2:
        return None
    curves = attribution.fit_curves(
        weeks.filter(pl.col("channel").is_in(kept)), level=LEVEL, replicates=_REPLICATES, seed=0
    )
    return Returns(curves, tuple(sorted(set(spent["channel"]) - set(kept))))


def plan_budget(returns: Returns, *, budget_rate: float, change: float) -> Plan:
    """The best split of ``budget_rate`` times the mean weekly spend, no channel moving by more than ``change``.

    A budget that the limits don't allow is drawn to the nearest that they do.
    """
    now = float(returns.curves.spend.sum())
    budget = now * min(max(budget_rate, 1 - change), 1 + change)
    split = attribution.reallocate(returns.curves, budget, change=change)
    total = split.filter(pl.col("channel") == TOTAL).row(0, named=True)
    return Plan(
        split.filter(pl.col("channel") != TOTAL),
        now,
        float(total["proposed"]),
        float(total["gain"]),
        float(total["gain_low"]),
        float(total["gain_high"]),
        returns.left_out,
    )
