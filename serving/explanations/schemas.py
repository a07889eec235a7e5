"""Shapes of explanations and of feedback."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text

Verdict = Literal["agree", "too_high", "too_low"]


class FeedbackCreate(BaseModel):
    """What a person who knows the lead thinks of its score."""

    model_config = ConfigDict(extra="forbid")

    lead_id: UUID
    verdict: Verdict = Field(description="`too_high`: the lead is worse than its score says; `too_low`: it is better.")
    comment: Text | None = Field(default=None, max_length=2000)


class Feedback(BaseModel):
    """Stored feedback, with the score that it is about (null where the lead had none)."""

    id: UUID
    lead_id: UUID
    verdict: Verdict
    comment: str | None
    model_version: str | None
    probability: float | None
    given_by: UUID
    given_at: datetime


class ExplainedReason(BaseModel):
    """What one feature did to the score, and the same in a sentence."""

    feature: str
    value: str | None
    contribution: float = Field(description="Signed share of the probability.")
    sentence: str


class ExplainedScore(BaseModel):
    """One score that was given: by what model, from what inputs, for what reasons."""

    scored_at: datetime
    given_by: Literal["batch", "api"]
    model_version: str
    probability: float
    base_probability: float | None = Field(description="Where the reasons start: their sum leads from it to the score.")
    grade: str
    reasons: list[ExplainedReason]
    features: dict[str, Any] | None = Field(description="Every input as the model saw it; null for an old score.")


class Explanation(BaseModel):
    """All that is kept of a lead's scores, newest first, and what people said of them."""

    lead_id: UUID
    scores: list[ExplainedScore]
    feedback: list[Feedback]
