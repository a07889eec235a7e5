"""Types of events of the CRM. Those of leads, and what an event type is, stand in `events`."""

from datetime import datetime
from uuid import UUID

from tekup.contracts.events import EventData


class ContactChanged(EventData):
    """Fields of a contact were set; read it to see to what."""

    aggregate, scope = "contact", "contacts:read"
    contact_id: UUID
    fields: list[str]


class ContactDeleted(EventData):
    """A contact was deleted, or went into another one."""

    aggregate, scope = "contact", "contacts:read"
    contact_id: UUID
    merged_into: UUID | None = None


class CompanyCreated(EventData):
    """A company was stored."""

    aggregate, scope = "company", "companies:read"
    company_id: UUID


class CompanyChanged(EventData):
    """Fields of a company were set."""

    aggregate, scope = "company", "companies:read"
    company_id: UUID
    fields: list[str]


class CompanyDeleted(EventData):
    """A company was deleted, or went into another one."""

    aggregate, scope = "company", "companies:read"
    company_id: UUID
    merged_into: UUID | None = None


class DealCreated(EventData):
    """A deal was stored."""

    aggregate, scope = "deal", "deals:read"
    deal_id: UUID
    pipeline_id: UUID
    stage_id: UUID
    status: str


class DealChanged(EventData):
    """Fields of a deal were set."""

    aggregate, scope = "deal", "deals:read"
    deal_id: UUID
    fields: list[str]


class DealAssigned(EventData):
    """A deal was given to a user."""

    aggregate, scope = "deal", "deals:read"
    deal_id: UUID
    owner_id: UUID


class DealStageChanged(EventData):
    """A deal was moved to another stage."""

    aggregate, scope = "deal", "deals:read"
    deal_id: UUID
    from_stage_id: UUID
    to_stage_id: UUID
    status: str


class DealDeleted(EventData):
    """A deal was deleted."""

    aggregate, scope = "deal", "deals:read"
    deal_id: UUID


class ActivityLogged(EventData):
    """A call, e-mail, meeting, note or a task without a time was stored."""

    aggregate, scope = "activity", "activities:read"
    activity_id: UUID
    kind: str
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    deal_id: UUID | None = None


class ActivityChanged(EventData):
    """Fields of an activity were set."""

    aggregate, scope = "activity", "activities:read"
    activity_id: UUID
    fields: list[str]


class TaskCompleted(EventData):
    """A task was done."""

    aggregate, scope = "task", "activities:read"
    task_id: UUID
    lead_id: UUID | None = None
    completed_at: datetime


class CampaignCreated(EventData):
    """A campaign was stored."""

    aggregate, scope = "campaign", "campaigns:read"
    campaign_id: UUID
    channel: str


class CampaignChanged(EventData):
    """Fields of a campaign were set."""

    aggregate, scope = "campaign", "campaigns:read"
    campaign_id: UUID
    fields: list[str]


class CampaignDeleted(EventData):
    """A campaign was deleted."""

    aggregate, scope = "campaign", "campaigns:read"
    campaign_id: UUID
