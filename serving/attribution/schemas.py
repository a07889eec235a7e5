"""Shapes of attribution in requests and answers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Currency, Text


class AttributionQuery(BaseModel):
    """Which credit to show."""

    model_config = ConfigDict(extra="forbid")

    model: Text | None = Field(default=None, description="One attribution model, such as `markov`; all where absent.")
    channel: Text | None = None
    currency: Currency | None = Field(default=None, description="Only conversions in this currency.")


class ChannelCredit(BaseModel):
    """What one model credits one channel with, in one currency of the conversions."""

    model: str
    channel: str
    currency: str
    conversions: float
    value_cents: int
    reporting_value_cents: int | None = Field(description="The value in the tenant's own currency.")
    reporting_currency: str
    spend_cents: int | None = Field(description="The channel's spend in the tenant's own currency; null: none known.")
    roas_rate: float | None = Field(description="Value per spend; null without spend.")
    cost_per_conversion_cents: int | None
    lookback_days: int
    computed_at: datetime


class Attribution(BaseModel):
    """Credit by model and channel, the most valuable channel of each model first."""

    models: list[str] = Field(description="The models that credit exists for.")
    credit: list[ChannelCredit]
