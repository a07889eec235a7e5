"""Shapes of attribution in requests and answers."""

from datetime import date, datetime
from typing import Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.kit.text import Currency, Text

Level: TypeAlias = Literal["channel", "campaign", "day"]


class _Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=1000, ge=1, le=5000)
    cursor: str | None = Field(default=None, max_length=2000, description="`next_cursor` of the page before.")

    @property
    def question(self) -> str:
        """The list that a cursor belongs to."""
        asked = self.model_dump(mode="json", exclude={"limit", "cursor"})
        return f"{type(self).__name__}|{asked}"


class AttributionQuery(_Page):
    """Which credit to show."""

    model: Text | None = Field(default=None, description="One attribution model, such as `markov`; all where absent.")
    level: Level = Field(
        default="channel",
        description="A line per model and `channel`, per `campaign` within it, or per `day` and channel.",
    )
    first: date | None = Field(default=None, alias="from", description="First day of the conversions and the spend.")
    last: date | None = Field(default=None, alias="to", description="Last day, included.")
    channel: Text | None = None
    campaign_id: UUID | None = Field(default=None, description="Only this campaign; with `level` campaign or day.")
    currency: Currency | None = Field(default=None, description="Only conversions in this currency.")

    @model_validator(mode="after")
    def _is_answerable(self) -> Self:
        if self.first and self.last and self.first > self.last:
            raise ValueError("from must not be after to")
        if self.campaign_id is not None and self.level == "channel":
            raise ValueError("campaign_id needs level=campaign or level=day")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether all days by channel are asked for, which alone has intervals."""
        return self.level == "channel" and self.first is None and self.last is None


class ChannelCredit(BaseModel):
    """What one model credits one channel, campaign or day with, in one currency of the conversions."""

    model: str
    channel: str
    currency: str
    conversions: float
    value_cents: int
    reporting_value_cents: int | None = Field(description="The value in the tenant's own currency.")
    reporting_currency: str
    spend_cents: int | None = Field(description="The spend in the tenant's own currency; null: none known.")
    roas_rate: float | None = Field(description="Value per spend; null without spend.")
    cost_per_conversion_cents: int | None
    lookback_days: int
    computed_at: datetime
    day: date | None = Field(default=None, description="Of the conversions and the spend; with `level=day`.")
    campaign_id: UUID | None = Field(default=None, description="With `level=campaign`; null: of no campaign.")
    campaign_name: str | None = None
    conversions_low: float | None = Field(
        default=None, description="95 % interval; by channel over all days only, where the model has one."
    )
    conversions_high: float | None = None
    value_cents_low: int | None = None
    value_cents_high: int | None = None


class Attribution(BaseModel):
    """Credit by model, the most valuable channel or campaign of each first; by day the oldest first."""

    models: list[str] = Field(description="The models that credit exists for.")
    credit: list[ChannelCredit]
    next_cursor: str | None = None


class PathQuery(_Page):
    """Which paths to show."""

    currency: Currency | None = None


class AttributionPath(BaseModel):
    """Journeys of one path; a channel met several times in a row stands once."""

    currency: str
    rank: int
    path: list[str] | None = Field(description="Empty: no touch precedes the sale; null: all other paths together.")
    path_count: int = Field(description="1, or how many paths stand on the line.")
    conversions: float
    value_cents: int
    null_count: float = Field(description="Journeys of this path that ended without a conversion.")
    computed_at: datetime


class AttributionPaths(BaseModel):
    """Paths, the most conversions first; over all pages they hold every conversion there is."""

    items: list[AttributionPath]
    next_cursor: str | None = None


class TransitionQuery(_Page):
    """Which transitions to show."""

    currency: Currency | None = None
    source: Text | None = Field(default=None, description="Only steps from this channel, or from `(start)`.")


class Transition(BaseModel):
    """One step of journeys: from a channel, or (start), to a channel, (conversion) or (null)."""

    currency: str
    source: str
    target: str
    journey_count: float
    probability: float = Field(description="Of this step, once at the source; sums to 1 for each source.")
    computed_at: datetime


class Transitions(BaseModel):
    """Steps by source and target, self-loops included."""

    items: list[Transition]
    next_cursor: str | None = None


class ModelParameter(BaseModel):
    """A parameter of a model."""

    name: str
    default: str
    description: str


class AttributionModel(BaseModel):
    """A model that credit can be computed by."""

    name: str
    description: str
    parameters: list[ModelParameter]
    has_credit: bool = Field(description="Whether the tenant's last computation used it.")


class AttributionModels(BaseModel):
    """Every model there is."""

    items: list[AttributionModel]
