"""Shapes of leads in requests and answers. What is allowed to whom is not decided here."""

from datetime import datetime
from typing import Literal, Self, TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.kit.text import Currency, LongText, Text

LeadStatus: TypeAlias = Literal["new", "contacted", "qualified", "won", "lost"]
Grade: TypeAlias = Literal["A", "B", "C", "D", "E"]
LeadOrder: TypeAlias = Literal[
    "-created_at", "created_at", "-probability", "probability", "-expected_value_cents", "expected_value_cents"
]
ScoreKey: TypeAlias = Literal["probability", "expected_value_cents"]
_INT4, _INT8 = 2**31 - 1, 2**63 - 1


class LeadFacts(BaseModel):
    """What is known of a lead; everything may be absent."""

    email: Text | None = None
    full_name: Text | None = None
    company_name: Text | None = None
    job_title: Text | None = None
    message: LongText | None = None
    source: Text | None = Field(default=None, examples=["organic_search"])
    landing_page: Text | None = None
    country: Text | None = Field(default=None, examples=["DK"])
    language: Text | None = Field(default=None, examples=["da"])
    industry: Text | None = None
    employee_count: int | None = Field(default=None, ge=0, le=_INT4)
    has_marketing_consent: bool = False
    anonymous_id: Text | None = Field(
        default=None, description="The visitor's id before he was known: joins his touchpoints."
    )
    campaign_id: UUID | None = None
    owner_id: UUID | None = Field(default=None, description="The user whose lead it is.")
    value_cents: int | None = Field(default=None, ge=0, le=_INT8, description="Worth in minor units of `currency`.")
    currency: Currency | None = None


class LeadCreate(LeadFacts):
    """A new lead: at least an e-mail, a name, a company or a visitor's id must be known."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not (self.email or self.full_name or self.company_name or self.anonymous_id):
            raise ValueError("give at least one of email, full_name, company_name, anonymous_id")
        if (self.value_cents is None) != (self.currency is None):
            raise ValueError("value_cents and currency belong together")
        return self


class LeadUpdate(BaseModel):
    """A step in a lead's life; its time is noted once, when it is first reached."""

    model_config = ConfigDict(extra="forbid")

    status: LeadStatus
    value_cents: int | None = Field(default=None, ge=0, le=_INT8)
    currency: Currency | None = None
    owner_id: UUID | None = Field(default=None, description="The user whose lead it becomes; null leaves it as it is.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.value_cents is None) != (self.currency is None):
            raise ValueError("value_cents and currency belong together")
        return self


class Lead(LeadFacts):
    """One lead."""

    id: UUID
    contact_id: UUID | None
    company_id: UUID | None
    status: LeadStatus
    contacted_at: datetime | None
    qualified_at: datetime | None
    won_at: datetime | None
    lost_at: datetime | None
    created_at: datetime
    updated_at: datetime
    probability: float | None = Field(default=None, description="Of the last scoring; absent before the first.")
    probability_low: float | None = Field(default=None, description="The true probability of nine leads in ten lies")
    probability_high: float | None = Field(default=None, description="between these two.")
    has_enough_data: bool | None = Field(
        default=None, description="False: the score is too unsure to rank the lead by."
    )
    is_out_of_distribution: bool | None = Field(default=None, description="The lead is unlike those of the training.")
    expected_value_cents: int | None = Field(
        default=None,
        description="The probability times what a deal is worth, in minor units of the tenant's reporting currency.",
    )
    grade: Grade | None = None
    scored_at: datetime | None = None


class LeadQuery(BaseModel):
    """Filters, order and page of a list of leads."""

    model_config = ConfigDict(extra="forbid")

    status: LeadStatus | None = None
    source: Text | None = None
    grade: Grade | None = Field(default=None, description="Only leads that were scored so.")
    sort: LeadOrder = Field(
        default="-created_at",
        description="`-probability`: the likeliest first; `-expected_value_cents`: those worth most first.",
    )
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next_cursor` of the page before.")

    @property
    def question(self) -> str:
        """The list that a cursor belongs to."""
        return f"leads|{self.status}|{self.source}|{self.grade}|{self.sort}"

    @property
    def needs_scores(self) -> bool:
        """Whether the scores choose or order the leads."""
        return self.grade is not None or self.score_key is not None

    @property
    def score_key(self) -> ScoreKey | None:
        """What of the score orders the leads, None where their time does."""
        name = self.sort.removeprefix("-")
        return None if name == "created_at" else cast(ScoreKey, name)


class LeadPage(BaseModel):
    """One page of leads. It may be shorter than `limit`; the list ends where `next_cursor` is null."""

    items: list[Lead]
    next_cursor: str | None
