"""How long until a lead converts, or a customer leaves: hazards by period, on the very machinery of `scoring.train`.

Each lead becomes one row per period that it was watched in; the label says whether the event fell into that period
(discrete-time survival analysis: Singer and Willett 1993). A lead still waiting counts for the periods it waited, so
nothing is thrown away and nothing has to be guessed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from scoring import card, loading, storage
from scoring.errors import LabelError, MissingColumns, ModelDamaged
from scoring.logit import row_losses
from scoring.metrics import measure
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

    @property
    def features(self) -> list[str]:
        """Names of the columns that a lead must have."""
        return [name for name in self.hazard.features if name != PERIOD]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every file of the saved model; equal trainings give equal fingerprints."""
        return storage.fingerprint(self.files())

    def files(self) -> dict[str, str]:
        """Name to text of every file of the saved model: those of the hazard's model, and the periods."""
        shown = card.write_figures("Duration model: hazards by period", self.hazard.metrics["validation"])
        told = json.dumps({"periods": list(self.periods)}) + "\n"
        return self.hazard.files() | {"duration.json": told, "model_card.md": shown}

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
    rows = expand(frame, days=days, event=event, periods=periods)
    # which period it is, is known beforehand, and may tell much
    given = options.pop("allow_leakage", False)
    allowed = True if given is True else [PERIOD, *(given or ())]
    hazard = train_binary(rows, label=LABEL, allow_leakage=allowed, **options)
    return DurationModel(hazard, tuple(float(end) for end in periods))


def expand(frame: pl.DataFrame, *, days: str, event: str, periods: Sequence[float] = PERIODS) -> pl.DataFrame:
    """One row per lead and period that it was watched in, with `PERIOD` and `LABEL`; raises as `train` does."""
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
    return pl.concat(parts).drop(days, event)


def losses(model: DurationModel, frame: pl.DataFrame, *, days: str, event: str) -> np.ndarray:
    """The log loss of each lead, summed over the periods that it was watched in; null durations are refused.

    Hazards of a lead's periods multiply to the probability of what became of it, so their log losses add up to its.
    """
    place = "lead_position"
    rows = expand(frame.with_row_index(place), days=days, event=event, periods=model.periods)
    label, probability = _hazards(model, rows)
    out = np.zeros(frame.height)
    np.add.at(out, rows[place].to_numpy(), row_losses(label, np.log(probability / (1 - probability))))
    return out


def evaluate(model: DurationModel, frame: pl.DataFrame, *, days: str, event: str) -> dict[str, float]:
    """The measures of `scoring.evaluate` over leads and periods: whether the event came in the period."""
    return measure(*_hazards(model, expand(frame, days=days, event=event, periods=model.periods)))


def from_files(files: Mapping[str, str], where: str) -> DurationModel:
    """The model in files that were checked already; ``where`` names it in an error. Raises `ModelDamaged`."""
    hazard = loading.from_files(files, where)
    try:
        return DurationModel(hazard, tuple(float(end) for end in json.loads(files["duration.json"])["periods"]))
    except (KeyError, TypeError, ValueError) as fault:
        raise ModelDamaged(f"the model in {where} can't be read: {fault!r}", hint="publish it again") from fault


def _hazards(model: DurationModel, rows: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    probability = model.hazard.score(rows, reasons=0)["probability"].to_numpy()
    return rows[LABEL].cast(pl.Float64).to_numpy(), probability
