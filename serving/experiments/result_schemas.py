"""Shapes of results: what came of an experiment, and how many persons one needs."""

from datetime import date
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from serving.experiments.schemas import MetricName

VerdictName: TypeAlias = Literal[
    "empty", "broken", "too_little", "harmful", "better", "worse", "no_difference", "open", "over"
]


class Effect(BaseModel):
    """A variant against the control. `low` to `high` and `p_value` hold however often you look."""

    effect: float = Field(description="The difference of means, freed of what the time before explains (CUPED).")
    relative_effect: float | None = Field(description="As a part of the control's mean.")
    low: float
    high: float
    p_value: float
    fixed_low: float = Field(description="Bounds for a single look that was planned before, as other tools show.")
    fixed_high: float
    fixed_p_value: float
    variance_cut_rate: float = Field(description="The part of the error's variance that CUPED took away.")


class MetricOutcome(BaseModel):
    """One metric of one variant; `effect` is null where there is too little to compare."""

    metric: str
    variant: str
    role: Literal["primary", "secondary", "guard_rail"]
    person_count: int
    mean: float | None
    control_person_count: int
    control_mean: float | None
    margin: float = Field(description="Of guard rails: so much of the control's mean may be lost.")
    is_harmed: bool
    effect: Effect | None


class HistoryPoint(BaseModel):
    """The primary metric's difference of all who were exposed up to a day."""

    variant: str
    exposed_date: date
    person_count: int
    effect: float
    low: float
    high: float


class SampleRatio(BaseModel):
    """Persons by variant, and how surely they do not follow the weights; 0.01 and less is called broken."""

    counts: dict[str, int]
    p_value: float


class ExperimentResults(BaseModel):
    """What came of an experiment up to today."""

    experiment_id: UUID
    key: str
    status: str
    verdict: VerdictName
    verdicts: dict[str, VerdictName] = Field(description="By variant.")
    winner: str | None
    should_stop: bool
    sentence: str = Field(description="The verdict in words.")
    waiting_count: int = Field(description="Persons whose outcome days are not over; they do not count yet.")
    sample_ratio: SampleRatio
    metrics: list[MetricOutcome]
    history: list[HistoryPoint]


class SizeQuery(BaseModel):
    """What a sample size follows from."""

    metric: MetricName
    relative_effect: float = Field(gt=0, le=10, description="The change that is to be found: 0.1 is a tenth.")
    mean: float = Field(gt=0, le=1e15, description="The metric's mean today; of a rate, the rate.")
    standard_deviation: float | None = Field(
        default=None, gt=0, le=1e15, description="Of the metric over persons; a rate has it from its mean."
    )
    alpha: float = Field(default=0.05, ge=0.001, le=0.2)
    power: float = Field(default=0.8, ge=0.5, le=0.99, description="The chance to find it.")
    variants: int = Field(default=2, ge=2, le=10)


class SampleSize(BaseModel):
    """Persons in all variants together."""

    fixed: int = Field(description="For one look that is planned before.")
    sequential: int = Field(description="Where every look may stop it: at most so many; a larger effect shows earlier.")
