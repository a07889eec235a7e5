"""Shapes of scores in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, model_validator

from serving.kit.text import Text

MOST_LEADS = 10_000
MOST_REASONS = 20
_EDGE = 2**53
FeatureValue: TypeAlias = (
    Annotated[StrictInt, Field(ge=-_EDGE, le=_EDGE)]
    | StrictBool
    | Annotated[StrictFloat, Field(allow_inf_nan=False)]
    | Text
    | None
)
Features: TypeAlias = Annotated[dict[Text, FeatureValue], Field(min_length=1, max_length=500)]
FeaturesFrom: TypeAlias = Literal["request", "mart", "lead"]


class LeadToScore(BaseModel):
    """A lead by its id or by its features: exactly one of them."""

    model_config = ConfigDict(extra="forbid")

    lead_id: UUID | None = None
    features: Features | None = Field(
        default=None,
        description="The features that the model was trained on, by name; what is left out counts as unknown.",
        examples=[{"source": "organic_search", "employee_count": 40}],
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.lead_id is None) == (self.features is None):
            raise ValueError("give either lead_id or features")
        return self


class ScoreRequest(LeadToScore):
    """One lead to score."""

    reasons: int = Field(default=3, ge=0, le=MOST_REASONS, description="How many of the strongest reasons to tell.")


class BatchRequest(BaseModel):
    """Many leads to score."""

    model_config = ConfigDict(extra="forbid")

    leads: list[LeadToScore] = Field(min_length=1, max_length=MOST_LEADS)
    reasons: int = Field(default=0, ge=0, le=MOST_REASONS, description="Reasons cost many times the score itself.")


class Reason(BaseModel):
    """What one feature did to one lead."""

    feature: str
    value: str | None
    contribution: float = Field(description="Signed share of the probability.")
    sentence: str = Field(
        description="The same as a person would say it, in the language of the request.",
        examples=["Source: Referral: raises the chance by 9.0 percentage points."],
    )


class Score(BaseModel):
    """One lead's chance of being won, with what speaks for and against it."""

    lead_id: UUID | None = None
    probability: float = Field(gt=0, lt=1)
    grade: Literal["A", "B", "C", "D", "E"]
    probability_low: float | None = Field(default=None, description="The true probability of nine leads in ten lies")
    probability_high: float | None = Field(default=None, description="between these two; null for an old stored score.")
    has_enough_data: bool | None = Field(
        default=None, description="False: the score is too unsure to rank the lead by; show that instead of the number."
    )
    is_out_of_distribution: bool | None = Field(default=None, description="The lead is unlike those of the training.")
    expected_value_cents: int | None = Field(
        default=None,
        description="The chance times what a deal is worth, in minor units of the tenant's reporting currency; null "
        "before a model of deals' values is live.",
    )
    reasons: list[Reason]
    model_version: str
    features_from: FeaturesFrom | None = Field(
        default=None,
        description="`request`: as sent. `mart`: as built from all that was known when the lead came. `lead`: the "
        "lead is newer than the last build, so only its own fields were known. Null for a stored score.",
    )
    scored_at: datetime


class BatchScore(BaseModel):
    """One line of a batch's answer, in the order of the request."""

    lead_id: UUID | None = None
    probability: float | None = None
    grade: Literal["A", "B", "C", "D", "E"] | None = None
    probability_low: float | None = None
    probability_high: float | None = None
    has_enough_data: bool | None = None
    is_out_of_distribution: bool | None = None
    expected_value_cents: int | None = None
    reasons: list[Reason] = []
    features_from: FeaturesFrom | None = None
    error: str | None = Field(default=None, description="Why this lead could not be scored; the others were.")


class BatchAnswer(BaseModel):
    """The scores of a batch."""

    scores: list[BatchScore]
    model_version: str
    scored_at: datetime
