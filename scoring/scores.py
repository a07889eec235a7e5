"""What a model tells of a lead: the columns of a scored frame, and the same of one lead. Nothing is computed here."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from scoring.reasons import DTYPE

SCORED: dict[str, pl.DataType] = {
    "probability": pl.Float64(),
    "probability_low": pl.Float64(),
    "probability_high": pl.Float64(),
    "expected_value": pl.Float64(),
    "grade": pl.String(),
    "is_out_of_distribution": pl.Boolean(),
    "has_enough_data": pl.Boolean(),
    "reasons": DTYPE,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature did to one lead: its value as text and its signed share of the probability."""

    feature: str
    value: str | None
    contribution: float


@dataclass(frozen=True, slots=True)
class Score:
    """One lead's probability (0 to 1) and its 90 % interval, grade (A to E), marks, base and strongest reasons."""

    probability: float
    grade: str
    base_probability: float
    reasons: tuple[Reason, ...]
    expected_value: float | None
    probability_low: float
    probability_high: float
    is_out_of_distribution: bool
    has_enough_data: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is not certain about each row: its interval, whether it is unlike the training, whether data are enough."""

    low: np.ndarray
    high: np.ndarray
    is_out_of_distribution: np.ndarray
    has_enough_data: np.ndarray
