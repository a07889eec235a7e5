"""How long until a lead converts, or a customer leaves: hazards by period, on the very machinery of `scoring.train`.

Each lead becomes one row per period that it was watched in; the label says whether the event fell into that period
(discrete-time survival analysis: Singer and Willett 1993). A lead still waiting counts for the periods it waited, so
nothing is thrown away and nothing has to be guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from scoring.errors import LabelError, MissingColumns
from scoring.model import LeadModel
from scoring.training import train as train_binary

PERIODS = (7.0, 14.0, 30.0, 60.0, 90.0)
PERIOD = "period_days"
LABEL = "is_event_in_period"


@dataclass(frozen=True)
class DurationModel:
    """A model of each period's hazard, and the ends of the periods in days."""

    hazard: LeadModel
    periods: tuple[float, ...]

    def predict(self, frame: pl.DataFrame, *, tenant: str | None = None, threads: int = 1) -> pl.DataFrame:
        """Of each row ``by_<days>d``, the probability that the event has come by then, and ``median_days``.

        ``median_days`` is null where less than half is expected within the last period.
        """
        hazards = np.column_stack(
            [
                self.hazard.score(
                    frame.with_columns(pl.lit(end).alias(PERIOD)), reasons=0, tenant=tenant, threads=threads
                )["probability"].to_numpy()
                for end in self.periods
            ]
        )
        reached = 1 - np.cumprod(1 - hazards, axis=1)
        columns = {f"by_{end:g}d": reached[:, i] for i, end in enumerate(self.periods)}
        return pl.DataFrame(columns | {"median_days": pl.Series(self._median(reached)).fill_nan(None)})

    def _median(self, reached: np.ndarray) -> np.ndarray:
        ends = np.concatenate([[0.0], self.periods])
        curves = np.column_stack([np.zeros(len(reached)), reached])
        out = np.full(len(reached), np.nan)
        for row in np.flatnonzero(reached[:, -1] >= 0.5):
            out[row] = np.interp(0.5, curves[row], ends)
        return out


def train(
    frame: pl.DataFrame, *, days: str, event: str, periods: Sequence[float] = PERIODS, **options: Any
) -> DurationModel:
    """Train hazards by period.

    ``days``: how long each lead was watched, until the event or until now (not negative); ``event``: whether the
    event came then (false: still waiting). ``periods``: ends of the periods in days, rising. ``options`` go to
    `scoring.train`; give ``time``, so that a lead's periods don't judge each other.

    Raises `MissingColumns`, `LabelError` and what `scoring.train` raises.
    """
    absent = [name for name in (days, event) if name not in frame.columns]
    if absent:
        raise MissingColumns(f"the frame lacks {', '.join(map(repr, absent))}", hint="check the column names")
    watched = frame[days]
    if not watched.dtype.is_numeric() or watched.null_count() or float(watched.min()) < 0:  # type: ignore[arg-type]
        raise LabelError(f"column {days!r} must be numbers of days from 0 up, without nulls")
    parts = []
    for start, end in zip((0.0, *periods), periods, strict=False):
        came = pl.col(event) & (pl.col(days) <= end)
        seen = frame.filter((pl.col(days) > start) | (pl.lit(start == 0.0)))
        # the actuary's half: of those last seen waiting in the period, the later half counts as having waited it out
        seen = seen.filter((pl.col(days) >= (start + end) / 2) | pl.col(event))
        parts.append(seen.with_columns(came.cast(pl.Int8).alias(LABEL), pl.lit(end).alias(PERIOD)))
    rows = pl.concat(parts).drop(days, event)
    hazard = train_binary(rows, label=LABEL, **options)
    return DurationModel(hazard, tuple(float(end) for end in periods))
