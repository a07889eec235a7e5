"""Shapes of predictions in requests and answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text


class PredictionReason(BaseModel):
    """What one feature did to one prediction."""

    feature: str
    value: str | None
    contribution: float = Field(description="Signed share of the probability.")
    sentence: str


class LeadPrediction(BaseModel):
    """What a deal with a lead is worth, and by when it is won; null where no model has told it yet."""

    lead_id: UUID
    value_cents: int | None = Field(default=None, description="Mean of what a won deal is worth, in minor units.")
    value_cents_low: int | None = Field(default=None, description="Nine deals of ten are worth between this")
    value_cents_high: int | None = Field(default=None, description="and this.")
    currency: str | None = Field(default=None, description="The tenant's reporting currency.")
    value_model_version: str | None = None
    converted_by_7d_rate: float | None = Field(
        default=None, description="Chance that it is won within 7 days of its creation; likewise for the other days."
    )
    converted_by_14d_rate: float | None = None
    converted_by_30d_rate: float | None = None
    converted_by_60d_rate: float | None = None
    converted_by_90d_rate: float | None = None
    median_days: float | None = Field(
        default=None, description="Half of such leads are won by then; null where fewer are within 90 days."
    )
    conversion_model_version: str | None = None
    predicted_at: datetime | None = None


class ChurnPrediction(BaseModel):
    """One running subscription's chance of ending within 90 days."""

    subscription_id: str
    customer_id: str | None
    product_name: str | None
    probability: float
    probability_low: float = Field(description="The true probability of nine subscriptions in ten lies")
    probability_high: float = Field(description="between these two.")
    has_enough_data: bool = Field(description="False: too unsure to rank by; show that instead of the number.")
    is_out_of_distribution: bool
    mrr_cents: int | None
    mrr_at_risk_cents: int | None = Field(description="Monthly recurring revenue times the chance.")
    currency: str | None
    reasons: list[PredictionReason]
    model_version: str
    predicted_at: datetime


class ChurnQuery(BaseModel):
    """Filters and page of the list of subscriptions in danger."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Text | None = None
    min_probability: float = Field(default=0.0, ge=0, le=1)
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next_cursor` of the page before.")

    @property
    def question(self) -> str:
        """The list that a cursor belongs to."""
        return f"churn|{self.customer_id}|{self.min_probability}"


class ChurnPage(BaseModel):
    """One page of subscriptions; the list ends where `next_cursor` is null."""

    items: list[ChurnPrediction]
    next_cursor: str | None
