"""Shapes of the CRM's records."""

from datetime import date
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from serving.kit.text import Currency, LongText, Text
from serving.records.resource import Linked

Cents: TypeAlias = Annotated[int, Field(ge=0, le=10**15)]
Tags: TypeAlias = Annotated[list[Annotated[Text, Field(min_length=1, max_length=60)]], Field(max_length=50)]
Custom: TypeAlias = Annotated[dict[str, Any], Field(description="Values of your own fields, see /v1/custom-fields.")]
Country: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["DK"])]
Name: TypeAlias = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]


def email_address(text: str) -> str:
    """An e-mail address in its one spelling.

    Raises:
        ValueError: it is none.
    """
    text = text.strip().lower()
    local, at, domain = text.rpartition("@")
    if not (local and at and "." in domain) or any(sign.isspace() for sign in text):
        raise ValueError("must be an e-mail address")
    return text


Email: TypeAlias = Annotated[Text, AfterValidator(email_address)]


class Body(BaseModel):
    """A request's fields; one that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Change(Body):
    """The fields to set; what is left out stays, null empties."""

    @model_validator(mode="after")
    def _keeps_what_must_be_there(self) -> Self:
        empty = [name for name in sorted(self.model_fields_set) if name in _NEVER_EMPTY and getattr(self, name) is None]
        if empty:
            raise ValueError(f"can't be emptied: {', '.join(empty)}")
        return self


_NEVER_EMPTY = {
    "name", "lifecycle_stage", "has_marketing_consent", "tags", "custom", "stage_id", "kind", "occurred_at", "channel",
    "status", "label", "is_required", "choices", "position", "probability", "is_default",
}  # fmt: skip


class CompanyFacts(Body):
    """What is known of a company."""

    domain: Text | None = None
    industry: Text | None = None
    employee_count: int | None = Field(default=None, ge=0, le=10_000_000)
    country: Country | None = None
    city: Text | None = None
    parent_id: UUID | None = Field(default=None, description="The company that this one belongs to.")
    owner_id: UUID | None = Field(default=None, description="The user who looks after it.")


class CompanyCreate(CompanyFacts):
    """A new company."""

    name: Name
    tags: Tags = []
    custom: Custom = {}


class CompanyUpdate(CompanyFacts, Change):
    """Changes to a company."""

    name: Name | None = None
    tags: Tags | None = None
    custom: Custom | None = None


class Company(Linked):
    """One company."""

    name: str
    domain: str | None
    industry: str | None
    employee_count: int | None
    country: str | None
    city: str | None
    parent_id: UUID | None
    owner_id: UUID | None
    tags: list[str]
    custom: dict[str, Any]


LifecycleStage: TypeAlias = Literal["subscriber", "lead", "qualified", "opportunity", "customer", "evangelist", "other"]


class ContactFacts(Body):
    """What is known of a person."""

    company_id: UUID | None = None
    email: Email | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    phone: Text | None = None
    job_title: Text | None = None
    language: Text | None = None
    owner_id: UUID | None = Field(default=None, description="The user who looks after the contact.")


class ContactCreate(ContactFacts):
    """A new contact: at least an e-mail, a phone number or a name."""

    lifecycle_stage: LifecycleStage = "lead"
    has_marketing_consent: bool = False
    tags: Tags = []
    custom: Custom = {}

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not any((self.email, self.phone, self.first_name, self.last_name)):
            raise ValueError("a contact needs an e-mail, a phone number or a name")
        return self


class ContactUpdate(ContactFacts, Change):
    """Changes to a contact."""

    lifecycle_stage: LifecycleStage | None = None
    has_marketing_consent: bool | None = None
    tags: Tags | None = None
    custom: Custom | None = None


class Contact(Linked):
    """One contact. Who may not see people reads null for what says who it is."""

    company_id: UUID | None
    email: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    job_title: str | None
    language: str | None
    lifecycle_stage: str
    has_marketing_consent: bool
    owner_id: UUID | None
    tags: list[str]
    custom: dict[str, Any]


class StageCreate(Body):
    """A new stage of a pipeline."""

    pipeline_id: UUID
    name: Name
    position: int = Field(ge=0, le=1_000, description="Stages stand in this order.")
    probability: float = Field(ge=0, le=1, description="How likely a deal in this stage is to be won.")
    is_won: bool = False
    is_lost: bool = False

    @model_validator(mode="after")
    def _ends_one_way(self) -> Self:
        if self.is_won and self.is_lost:
            raise ValueError("a stage is won or lost, not both")
        return self


class StageUpdate(Change):
    """Changes to a stage. Whether it is won or lost stays as it is, since deals were closed by it."""

    name: Name | None = None
    position: int | None = Field(default=None, ge=0, le=1_000)
    probability: float | None = Field(default=None, ge=0, le=1)


class Stage(Linked):
    """One stage of a pipeline."""

    pipeline_id: UUID
    name: str
    position: int
    probability: float
    is_won: bool
    is_lost: bool


class PipelineCreate(Body):
    """A new pipeline; its stages are made next."""

    name: Name
    is_default: bool = False


class PipelineUpdate(Change):
    """Changes to a pipeline."""

    name: Name | None = None
    is_default: bool | None = None


class Pipeline(Linked):
    """One pipeline."""

    name: str
    is_default: bool


class DealFacts(Body):
    """What is known of a deal."""

    lead_id: UUID | None = None
    contact_id: UUID | None = None
    company_id: UUID | None = None
    amount_cents: Cents | None = None
    currency: Currency | None = None
    expected_close_date: date | None = None
    owner_id: UUID | None = Field(default=None, description="The user who works on it.")


class DealCreate(DealFacts):
    """A new deal, in a stage of its pipeline; the stage says whether it is open, won or lost."""

    name: Name
    stage_id: UUID
    tags: Tags = []
    custom: Custom = {}

    @model_validator(mode="after")
    def _amount_has_a_currency(self) -> Self:
        if self.amount_cents is not None and self.currency is None:
            raise ValueError("amount_cents needs a currency")
        return self


class DealUpdate(DealFacts, Change):
    """Changes to a deal. Another `stage_id` moves it; a stage of another pipeline takes it there."""

    name: Name | None = None
    stage_id: UUID | None = None
    tags: Tags | None = None
    custom: Custom | None = None


DealStatus: TypeAlias = Literal["open", "won", "lost"]


class Deal(Linked):
    """One deal."""

    name: str
    pipeline_id: UUID
    stage_id: UUID
    status: DealStatus
    lead_id: UUID | None
    contact_id: UUID | None
    company_id: UUID | None
    amount_cents: int | None
    currency: str | None
    expected_close_date: date | None
    closed_at: AwareDatetime | None
    owner_id: UUID | None
    tags: list[str]
    custom: dict[str, Any]


ActivityKind: TypeAlias = Literal["call", "email", "meeting", "note", "task"]


class ActivityFacts(Body):
    """What is known of an activity."""

    lead_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    subject: Text | None = None
    body: LongText | None = None
    outcome: Text | None = None
    duration_seconds: int | None = Field(default=None, ge=0, le=10_000_000)
    owner_id: UUID | None = Field(default=None, description="Who did it, or whose task it is.")
    due_at: AwareDatetime | None = Field(default=None, description="By when a task is to be done.")
    completed_at: AwareDatetime | None = Field(default=None, description="When a task was done.")


class ActivityCreate(ActivityFacts):
    """A call, e-mail, meeting, note or task, on a lead, a contact or a deal."""

    kind: ActivityKind
    occurred_at: AwareDatetime | None = Field(default=None, description="Now, where it is left out.")

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if self.kind == "task":
            return self
        if not any((self.lead_id, self.contact_id, self.deal_id)):
            raise ValueError(f"a {self.kind} belongs to a lead, a contact or a deal")
        if self.due_at is not None or self.completed_at is not None:
            raise ValueError("only a task has due_at and completed_at")
        return self


class ActivityUpdate(ActivityFacts, Change):
    """Changes to an activity; setting `completed_at` finishes a task, null opens it again."""

    occurred_at: AwareDatetime | None = None


class Activity(Linked):
    """One activity."""

    kind: ActivityKind
    lead_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    subject: str | None
    body: str | None
    outcome: str | None
    duration_seconds: int | None
    occurred_at: AwareDatetime
    owner_id: UUID | None
    due_at: AwareDatetime | None
    completed_at: AwareDatetime | None


class CampaignFacts(Body):
    """What is known of a campaign."""

    utm_campaign: Text | None = Field(default=None, description="The name in the links of its touchpoints.")
    budget_cents: Cents | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.starts_on is not None and self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        return self


CampaignStatus: TypeAlias = Literal["planned", "active", "paused", "ended"]


class CampaignCreate(CampaignFacts):
    """A new campaign."""

    name: Name
    channel: Name
    currency: Currency
    status: CampaignStatus = "active"


class CampaignUpdate(CampaignFacts, Change):
    """Changes to a campaign. Its currency stays, since its budget and spend are told in it."""

    name: Name | None = None
    channel: Name | None = None
    status: CampaignStatus | None = None


class Campaign(Linked):
    """One campaign."""

    name: str
    channel: str
    utm_campaign: str | None
    status: str
    budget_cents: int | None
    currency: str
    starts_on: date | None
    ends_on: date | None


class SpendCreate(Body):
    """What a campaign cost on one day."""

    campaign_id: UUID
    spend_date: date
    amount_cents: Cents
    currency: Currency
    impressions: int | None = Field(default=None, ge=0, le=10**15)
    clicks: int | None = Field(default=None, ge=0, le=10**15)


class SpendUpdate(Change):
    """Corrections of a day's spend."""

    amount_cents: Cents | None = None
    impressions: int | None = Field(default=None, ge=0, le=10**15)
    clicks: int | None = Field(default=None, ge=0, le=10**15)


class Spend(Linked):
    """What a campaign cost on one day."""

    campaign_id: UUID
    spend_date: date
    amount_cents: int
    currency: str
    impressions: int | None
    clicks: int | None
