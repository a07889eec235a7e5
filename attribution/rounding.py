"""Rounds credit to whole units without losing one. Which unit (cents, conversions) is the caller's business."""

from collections.abc import Iterable

import numpy as np

from attribution.errors import BadParameter
from attribution.segments import IntArray


def apportion(values: Iterable[float], total: int) -> IntArray:
    """Whole numbers (n,) in proportion to ``values`` that sum to ``total`` exactly, by largest remainder (Hamilton).

    Values that already sum to the total (within 1e-6 of it) are rounded as they are, so they may have mixed
    signs; others are scaled and must not be negative. Each result is within 1 of its exact amount; ties go to
    the earlier.

    >>> apportion([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    exact = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
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
    floors = np.floor(exact).astype(np.int64)
    missing = int(total) - int(floors.sum())
    if len(exact):
        # Rounding noise may leave a unit more or less than there are remainders; it is spread evenly.
        each, extra = divmod(missing, len(exact))
        floors += each
        floors[np.argsort(-(exact - floors), kind="stable")[:extra]] += 1
    return floors
