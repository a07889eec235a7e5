"""Rows of sums that add up, whoever counted them and in however many parts. What they count is decided elsewhere."""

from collections.abc import Sequence
from typing import Final

import polars as pl

AMOUNTS = ("weight", "gains", "losses")
CELL = ("converted", "day", "bucket")
SUMS: Final = pl.Schema(
    {
        "part": pl.String(),
        "converted": pl.Boolean(),
        "day": pl.Date(),
        "bucket": pl.Int32(),
        "key": pl.List(pl.String()),
        **dict.fromkeys(AMOUNTS, pl.Float64()),
    }
)
"""``part`` says what is summed, the next four of what; ``weight`` counts, ``gains`` and ``losses`` are value above and
below 0."""
# What floating point leaves of amounts that were added and taken away again.
_DUST = 1e-9


def add_sums(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row per part, cell and key, sorted; rows whose amounts cancel are left out.

    >>> one = pl.DataFrame([{"part": "touch", "key": ["email"], "weight": 1.0}], schema=SUMS)
    >>> add_sums([one, one])["weight"].to_list(), add_sums([one, negate_sums(one)]).height
    ([2.0], 0)
    """
    whole = pl.concat(frames) if frames else pl.DataFrame(schema=SUMS)
    keys = ["part", *CELL, "key"]
    return (
        whole.group_by(keys)
        .agg(pl.col(AMOUNTS).fill_null(0.0).sum())
        .filter(pl.any_horizontal(pl.col(AMOUNTS).abs() > _DUST))
        .sort(keys)
    )


def negate_sums(sums: pl.DataFrame) -> pl.DataFrame:
    """The sums to add so that these are taken away."""
    return sums.with_columns(-pl.col(AMOUNTS))
