"""Fits what a channel returns for what is spent on it, and moves a budget accordingly. Credit is an input here."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.optimize import brentq

from attribution.columns import collect, read_amounts, read_choice
from attribution.errors import BadColumn, BadParameter
from attribution.intervals import read_level, read_replicates
from attribution.segments import FloatArray

FORMS = ("hill", "log")
_SCALES = 40
_LEAST_PERIODS = 8
TOTAL = "(total)"


@dataclass(frozen=True, eq=False)
class Curves:
    """Fitted response curves of K channels, N - 1 of N sets of them bootstrap draws (set 0 is the fit).

    ``base`` results per period without spend, ``top`` what spend can add at most (hill) or the gain per e-fold
    (log), ``half`` the spend at which half the top is reached (hill) or the scale (log), each (N, K); ``spend``
    (K,) the mean per period; ``most`` (K,) the highest spend seen.
    """

    channels: tuple[str, ...]
    form: str
    shape: float
    base: FloatArray
    top: FloatArray
    half: FloatArray
    spend: FloatArray
    most: FloatArray
    fit: FloatArray
    level: float

    def results(self, spend: FloatArray) -> FloatArray:
        """Results per period (N, K) that spend (K,) per period adds to the base."""
        found: FloatArray = self.top * _bend(spend, self.half, self.form, self.shape)
        return found

    def marginal(self, spend: FloatArray) -> FloatArray:
        """Results (N, K) that one more unit of spend per period adds."""
        if self.form == "log":
            found: FloatArray = self.top / (self.half + spend)
            return found
        safe = np.maximum(spend, 1e-9)
        raised, scale = safe**self.shape, self.half**self.shape
        found = self.top * self.shape * scale * raised / safe / (scale + raised) ** 2
        return found

    @property
    def frame(self) -> pl.DataFrame:
        """A row per channel: form, base, top, half, fit (R squared), spend (mean per period), results (which it adds),
        average and marginal results per unit of spend, and bounds of results and marginal at the level."""
        added, last = self.results(self.spend), self.marginal(self.spend)
        columns: dict[str, object] = {"channel": list(self.channels), "form": [self.form] * len(self.channels)}
        columns |= {name: getattr(self, name)[0] for name in ("base", "top", "half")}
        columns |= {"fit": self.fit, "spend": self.spend, "results": added[0]}
        columns["average"] = np.divide(added[0], self.spend, out=np.zeros_like(added[0]), where=self.spend > 0)
        columns["marginal"] = last[0]
        for name, table in (("results", added), ("marginal", last)):
            columns[f"{name}_low"], columns[f"{name}_high"] = _bounds(table, self.level)
        return pl.DataFrame(columns)


def _bounds(table: FloatArray, level: float) -> FloatArray:
    found: FloatArray = np.quantile(table[1:], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return found


def _bend(spend: FloatArray, half: FloatArray, form: str, shape: float) -> FloatArray:
    if form == "log":
        return np.log1p(spend / half)
    raised = spend**shape
    return raised / (raised + half**shape)


def fit_curves(
    history: pl.DataFrame,
    *,
    form: str = "hill",
    shape: float = 1.0,
    carry: float = 0.0,
    level: float = 0.9,
    replicates: int = 500,
    seed: int = 0,
) -> Curves:
    """Diminishing-returns curve of each channel from spend and results by day or week.

    ``history``: channel, period (anything sortable; equal steps, at least 8 a channel), spend (>= 0), results
    (>= 0: conversions or value credited, best by ``incremental`` or calibrated credit). ``form``: ``hill`` base +
    top * x^shape / (x^shape + half^shape), ``shape`` in (0, 1]; ``log`` base + top * log(1 + x / half). ``carry``
    in [0, 1): the part of a period's effect that lasts into the next (geometric adstock, scaled so that steady
    spend stays as it is). Least squares, top and base not below 0, half searched over a grid of 40 from a
    hundredth to ten times the highest spend. Intervals: ``replicates`` bootstrap draws of blocks of about the
    cube root of the number of periods, each refitted. Curves say what spend went along with, unless the
    results are incremental; beyond the highest spend seen they extrapolate.

    >>> weeks = pl.DataFrame({"channel": ["a"] * 12, "period": range(12),
    ...     "spend": [0.0, 10, 20, 30, 40, 60, 80, 100, 120, 150, 180, 200]})
    >>> weeks = weeks.with_columns(results=5 + 90 * pl.col("spend") / (pl.col("spend") + 50))
    >>> curves = fit_curves(weeks, replicates=20)
    >>> bool(abs(curves.results(np.array([50.0]))[0, 0] - 45) < 2)
    True
    """
    read_choice(form, "form", FORMS)
    _check(shape, "shape", "(0, 1]", ok=0 < _number(shape) <= 1)
    _check(carry, "carry", "[0, 1)", ok=0 <= _number(carry) < 1)
    count = read_replicates(read_level(level, "level"), replicates)
    frame = collect(history, ("channel", "period", "spend", "results"), (), "history")
    read_amounts(frame, "spend", "history")
    read_amounts(frame, "results", "history")
    if frame.select(pl.struct("channel", "period").is_duplicated().any()).item():
        raise BadColumn("history: a channel has a period twice", hint="sum spend and results by channel and period")
    channels, parts = [], []
    for (name,), rows in frame.sort("channel", "period").group_by("channel", maintain_order=True):
        if len(rows) < _LEAST_PERIODS:
            raise BadColumn(
                f"history: {name} has {len(rows)} periods, too few for a curve",
                hint=f"give at least {_LEAST_PERIODS}, or leave the channel out",
            )
        spend = rows["spend"].cast(pl.Float64).to_numpy()
        if spend.max() <= 0:
            raise BadColumn(f"history: nothing was ever spent on {name}", hint="leave the channel out")
        channels.append(str(name))
        parts.append(_fit_one(spend, rows["results"].cast(pl.Float64).to_numpy(), form, shape, carry, count, seed))
    if not channels:
        raise BadColumn("history has no row", hint="give spend and results by channel and period")
    columns = {name: np.stack([part[name] for part in parts], axis=-1) for name in parts[0]}
    return Curves(tuple(channels), form, float(shape), **columns, level=float(level))


def _number(given: object) -> float:
    return float(given) if isinstance(given, int | float) and not isinstance(given, bool) else np.nan


def _check(given: object, name: str, bounds: str, *, ok: bool) -> None:
    if not ok:
        raise BadParameter(f"{name} is {given!r}", hint=f"a number in {bounds}")


def _fit_one(
    spend: FloatArray, results: FloatArray, form: str, shape: float, carry: float, replicates: int, seed: int
) -> dict[str, FloatArray]:
    """Weighted least squares for every draw at once: at a given half the curve is linear in base and top."""
    felt = spend.copy()
    for i in range(1, len(felt)):
        felt[i] = spend[i] * (1 - carry) + felt[i - 1] * carry
    weights = _draw_blocks(len(felt), replicates, seed)
    halves = float(spend.max()) * np.geomspace(0.01, 10, _SCALES)
    best = np.full(len(weights), np.inf)
    found = {name: np.zeros(len(weights)) for name in ("base", "top", "half")}
    for half in halves:
        bent = _bend(felt, half, form, shape)
        base, top = _regress(weights, bent, results)
        misses = (weights * (results - base[:, np.newaxis] - top[:, np.newaxis] * bent) ** 2).sum(axis=1)
        better = misses < best * (1 - 1e-12)
        best = np.where(better, misses, best)
        for name, values in (("base", base), ("top", top), ("half", np.full(len(weights), half))):
            found[name] = np.where(better, values, found[name])
    around = float(((results - results.mean()) ** 2).sum())
    fit = 1 - best[0] / around if around > 0 else 0.0
    return {**found, "spend": spend.mean(), "most": spend.max(), "fit": np.asarray(fit)}


def _regress(weights: FloatArray, bent: FloatArray, results: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Base and top (N,), neither below 0."""
    total = weights.sum(axis=1)
    x, y = weights @ bent / total, weights @ results / total
    spread = weights @ bent**2 / total - x**2
    top = np.divide(weights @ (bent * results) / total - x * y, spread, out=np.zeros_like(x), where=spread > 1e-12)
    top = np.maximum(top, 0.0)
    base = y - top * x
    through = (weights @ (bent * results)) / np.maximum(weights @ bent**2, 1e-300)
    return np.maximum(base, 0.0), np.where(base < 0, np.maximum(through, 0.0), top)


def _draw_blocks(periods: int, replicates: int, seed: int) -> FloatArray:
    """How often each period is drawn (1 + replicates, periods), in circular blocks; row 0 takes each once."""
    rng = np.random.default_rng(seed)
    length = max(1, round(periods ** (1 / 3)))
    starts = rng.integers(0, periods, (replicates, -(-periods // length)))
    drawn = (starts[..., np.newaxis] + np.arange(length)).reshape(replicates, -1)[:, :periods] % periods
    weights = np.ones((replicates + 1, periods))
    weights[1:] = np.stack([np.bincount(row, minlength=periods) for row in drawn])
    return weights


def reallocate(
    curves: Curves,
    budget: float | None = None,
    *,
    change: float | None = 0.5,
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> pl.DataFrame:
    """The split of a budget at which every channel's next unit of spend returns the same, and what it gains.

    ``budget`` per period (None: what is spent now). ``change``: no channel moves by more than this part of its
    mean spend (None: from 0 to any amount); ``limits`` overrides it by channel with (least, most).
    The curves are concave, so the split is the best one under the fitted curves.

    Returns channel, spend, proposed, results and proposed_results (which spend adds per period), gain with
    gain_low and gain_high (bootstrap draws of the curves, at their level), is_extrapolated (proposed beyond the
    highest spend seen); the last line is (total), whose interval is of the summed gain. The interval holds the
    proposed split fixed; it doesn't cover a change of the market.

    >>> curves = Curves(("a", "b"), "hill", 1.0, *np.array([[[0., 0.]] * 2, [[100., 100.]] * 2, [[10., 40.]] * 2]),
    ...     spend=np.array([50., 50.]), most=np.array([90., 90.]), fit=np.ones(2), level=0.9)
    >>> reallocate(curves, change=None)["proposed"].round(2).to_list()
    [40.0, 60.0, 100.0]
    """
    budget = float(curves.spend.sum()) if budget is None else budget
    _check(budget, "budget", "[0, infinity)", ok=0 <= _number(budget) < np.inf)
    low, high = _read_limits(curves, change, limits, float(budget))
    if not low.sum() - 1e-9 <= budget <= high.sum() + 1e-9:
        raise BadParameter(
            f"a budget of {budget:g} can't be met between {low.sum():g} and {high.sum():g}",
            hint="widen change or limits, or choose a budget within",
        )
    proposed = _allocate(curves, float(budget), low, high)
    now, then = curves.results(curves.spend), curves.results(proposed)
    gains = then - now
    gains = np.append(gains, gains.sum(axis=1, keepdims=True), axis=1)
    low_gain, high_gain = _bounds(gains, curves.level)

    def close(column: FloatArray) -> FloatArray:
        return np.append(column, column.sum())

    return pl.DataFrame(
        {
            "channel": [*curves.channels, TOTAL],
            "spend": close(curves.spend),
            "proposed": close(proposed),
            "results": close(now[0]),
            "proposed_results": close(then[0]),
            "gain": gains[0],
            "gain_low": low_gain,
            "gain_high": high_gain,
            "is_extrapolated": [*(proposed > curves.most * (1 + 1e-9)).tolist(), None],
        }
    )


def _read_limits(
    curves: Curves, change: float | None, limits: Mapping[str, tuple[float, float]] | None, budget: float
) -> tuple[FloatArray, FloatArray]:
    _check(change, "change", "[0, infinity), or None", ok=change is None or 0 <= _number(change) < np.inf)
    part = 0.0 if change is None else float(change)
    low = curves.spend * max(0.0, 1 - part) if change is not None else np.zeros(len(curves.channels))
    high = curves.spend * (1 + part) if change is not None else np.full(len(curves.channels), max(budget, 0.0))
    for name, pair in (limits or {}).items():
        least, most = (_number(x) for x in pair)
        if name not in curves.channels or not 0 <= least <= most:
            raise BadParameter(f"limits[{name!r}] is {pair!r}", hint="(least, most) of a fitted channel, from 0")
        at = curves.channels.index(name)
        low[at], high[at] = least, most
    return low, high


def _allocate(curves: Curves, budget: float, low: FloatArray, high: FloatArray) -> FloatArray:
    """Spend (K,) at which all marginal results meet one price, found by bisection within the limits."""

    def spend_at(price: float) -> FloatArray:
        found = np.empty(len(low))
        for k in range(len(low)):

            def excess(amount: float, k: int = k) -> float:
                everywhere = np.full(len(low), amount)
                return float(curves.marginal(everywhere)[0, k]) - price

            if excess(high[k]) >= 0:
                found[k] = high[k]
            elif excess(low[k]) <= 0:
                found[k] = low[k]
            else:
                found[k] = brentq(excess, low[k], high[k], xtol=1e-12, rtol=1e-14)
        return found

    floor, ceiling = 0.0, float(curves.marginal(np.zeros(len(low)))[0].max(initial=0.0)) * 2 + 1.0
    for _ in range(200):
        price = (floor + ceiling) / 2
        if spend_at(price).sum() > budget:
            floor = price
        else:
            ceiling = price
    found, other = spend_at(ceiling), spend_at(floor)
    # Where a curve is flat the price leaves spend open: what is missing goes to channels between their limits.
    room = other - found
    missing = budget - float(found.sum())
    if missing > 0 and room.sum() > 0:
        found = found + room * min(1.0, missing / float(room.sum()))
    if missing < 0 < float((found - low).sum()):
        found = found + missing * (found - low) / (found - low).sum()
    return found
