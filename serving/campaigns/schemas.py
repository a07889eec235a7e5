"""Shapes of a day's spend and of pace."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Currency


class DaySpend(BaseModel):
    """What a campaign cost on one day, as it is known now."""

    model_config = ConfigDict(extra="forbid")

    amount_cents: int = Field(ge=0, le=10**15)
    currency: Currency
    impressions: int | None = Field(default=None, ge=0, le=10**15)
    clicks: int | None = Field(default=None, ge=0, le=10**15)


class Pacing(BaseModel):
    """How a campaign's budget goes; the verdict is `unknown` without a budget, or before it begins."""

    budget_cents: int | None
    spent_cents: int
    currency: str
    spent_rate: float | None = Field(description="The part of the budget that is spent.")
    time_rate: float | None = Field(description="The part of the campaign's days that has passed.")
    expected_cents: int | None = Field(description="What will be spent at the end if it goes on so.")
    verdict: Literal["on_track", "too_fast", "too_slow", "overspent", "unknown"]
    until: date | None = Field(description="The last day of which spend is known.")
