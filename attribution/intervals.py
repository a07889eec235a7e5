"""Reads what a caller asks of intervals and cuts bootstrap tables into bounds. Drawing is done in sample.py."""

from collections.abc import Mapping

import numpy as np

from attribution.errors import BadParameter
from attribution.segments import FloatArray


def read_level(level: object, name: str = "intervals") -> float:
    """A level strictly between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise BadParameter(f"{name} is {level!r}", hint="a level between 0 and 1, e.g. 0.9")
    return float(level)


def read_replicates(level: object, replicates: object) -> int:
    """The number of bootstrap draws, from 10, after the level that they serve was checked."""
    read_level(level)
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 10:
        raise BadParameter(f"replicates is {replicates!r}", hint="a whole number from 10, e.g. 1000")
    return replicates


def bound_columns(tables: Mapping[str, FloatArray], level: float) -> dict[str, FloatArray]:
    """Percentile bounds ``<name>_low`` and ``<name>_high`` (K,) of each table (1 + replicates, K), row 0 left out."""
    tails = [(1.0 - level) / 2, (1.0 + level) / 2]
    found: dict[str, FloatArray] = {}
    for name, table in tables.items():
        low, high = np.quantile(table[1:], tails, axis=0) if table.size else (table[0], table[0])
        found |= {f"{name}_low": low, f"{name}_high": high}
    return found
