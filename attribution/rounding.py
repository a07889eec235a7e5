"""Rounds credit to whole units without losing one. Which unit (cents, conversions) is the caller's business."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from attribution.errors import BadParameter
from attribution.segments import FloatArray, IntArray


def apportion(values: Iterable[float], total: int) -> IntArray:
    """Whole numbers (n,) in proportion to ``values`` that sum to ``total`` exactly, by largest remainder (Hamilton).

    Values that already sum to the total (within 1e-6 of it) are rounded as they are, so they may have mixed
    signs; others are scaled and must not be negative. Each result is within 1 of its exact amount; ties go to
    the earlier.

    >>> apportion([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    exact = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
    return _round_to(_scale(exact, total), int(total))


def _scale(exact: FloatArray, total: int) -> FloatArray:
    if exact.ndim != 1 or not np.isfinite(exact).all():
        raise BadParameter("values to apportion hold NaN or infinity", hint="give finite numbers")
    whole = float(exact.sum())
    if abs(whole - total) > 1e-6 * max(1.0, abs(total)):
        if (exact < 0).any() or whole == 0:
            raise BadParameter(
                f"values sum to {whole:g} and can't be scaled to {total}",
                hint="give weights from 0, one above 0, or amounts that sum to the total",
            )
        exact = exact * (total / whole)
    return exact


def apportion_levels(values: Iterable[float], levels: pl.DataFrame, total: int) -> IntArray:
    """Whole numbers (n,) that add up at every level of a drill-down, each level as if it had been apportioned alone.

    ``levels``: n rows, one column per level from coarse to fine, e.g. channel, campaign, day. ``total`` is
    apportioned over the first level; each group's units then over its parts at the next, and last over its
    rows. So the table by channel is the same whether it is rounded itself or summed from days; a row may lie
    up to 1 per level from its exact amount. ``values``: as in apportion.

    >>> levels = pl.DataFrame({"channel": ["a", "a", "a", "b"], "campaign": ["x", "y", "z", "x"]})
    >>> apportion_levels([0.5, 0.5, 0.5, 1.5], levels, 3).tolist()
    [1, 1, 0, 1]
    """
    exact = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
    if len(levels) != len(exact):
        raise BadParameter(f"{len(exact)} values but {len(levels)} rows of levels", hint="one row of levels per value")
    exact = _scale(exact, total)
    units, owner = np.array([int(total)]), np.zeros(len(exact), np.int64)
    for depth in range(1, levels.width + 1):
        names = levels.select(levels.columns[:depth])
        part = names.select(pl.struct(pl.all()).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
        first = np.unique(part, return_index=True)[1]
        units, owner = _split(np.bincount(part, exact).astype(np.float64), owner[first], units), part
    return _split(exact, owner, units)


def _split(exact: FloatArray, owner: IntArray, units: IntArray) -> IntArray:
    """Round amounts so that those of each owner sum to its units."""
    found = np.zeros(len(exact), np.int64)
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(units)))
    for group, mine in enumerate(np.split(order, ends[:-1])):
        found[mine] = _round_to(exact[mine], int(units[group]))
    return found


def _round_to(exact: FloatArray, total: int) -> IntArray:
    floors = np.floor(exact).astype(np.int64)
    missing = total - int(floors.sum())
    if len(exact):
        # Rounding noise may leave a unit more or less than there are remainders; it is spread evenly.
        each, extra = divmod(missing, len(exact))
        floors += each
        floors[np.argsort(-(exact - floors), kind="stable")[:extra]] += 1
    return floors
