"""Every type of event: its name, version, aggregate, the scope that may read it, and its data. How events travel is
not known here.

A type's data may gain optional fields. Any other change is a new version beside the old one, which stays registered as
long as an event of it may be read. Data holds ids and facts of business and nothing that names a person, since events
outlive an erasure and leave for other systems.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from tekup.errors import BadInput


class EventData(BaseModel):
    """The base of all events' data. A subclass is registered by its name and version as it is defined."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    version: ClassVar[int] = 1
    aggregate: ClassVar[str]
    scope: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        key = (cls.__name__, cls.version)
        if key in _TYPES:
            raise TypeError(f"event type {cls.__name__} version {cls.version} is registered already")
        _TYPES[key] = cls


_TYPES: dict[tuple[str, int], type[EventData]] = {}


def event_types() -> list[type[EventData]]:
    """Every registered type, by name and version."""
    return [_TYPES[key] for key in sorted(_TYPES)]


def find_event_type(name: str, version: int) -> type[EventData] | None:
    """The type of this name and version."""
    return _TYPES.get((name, version))


def scope_of(name: str, version: int) -> str | None:
    """The scope that may read events of a type; None for a type that is not registered, which nobody may."""
    found = _TYPES.get((name, version))
    return None if found is None else found.scope


def read_event_data(name: str, version: int, payload: dict[str, Any]) -> EventData:
    """The data of a stored event, checked.

    Raises:
        BadInput: the type is unknown.
        pydantic.ValidationError: the payload is not of the type.
    """
    found = _TYPES.get((name, version))
    if found is None:
        raise BadInput(f"unknown event type {name} version {version}", hint="a newer TekUp wrote it: upgrade this one")
    return found.model_validate(payload)


class LeadCreated(EventData):
    """A lead was stored."""

    aggregate, scope = "lead", "leads:read"
    lead_id: UUID
    source: str | None
    status: str


class LeadStatusChanged(EventData):
    """A lead took a step: `from` and `to` are statuses."""

    aggregate, scope = "lead", "leads:read"
    lead_id: UUID
    before: str = Field(validation_alias="from", serialization_alias="from")
    after: str = Field(validation_alias="to", serialization_alias="to")


class LeadAssigned(EventData):
    """A lead was given to a user; `rule_id` says by which assignment rule, if by one."""

    aggregate, scope = "lead", "leads:read"
    lead_id: UUID
    owner_id: UUID
    rule_id: UUID | None = None


class LeadScored(EventData):
    """A stored lead was scored: as it arrived, or because somebody asked."""

    aggregate, scope = "lead", "scores:read"
    lead_id: UUID
    model_version: str
    probability: float = Field(ge=0, le=1)
    grade: str
    features_from: str
    occasion: Literal["arrival", "request"] = "request"


class LeadFeedbackGiven(EventData):
    """Somebody said what he thinks of a lead's score."""

    aggregate, scope = "lead", "leads:read"
    lead_id: UUID
    feedback_id: UUID
    verdict: str
    model_version: str | None


class LeadLinkedToContact(EventData):
    """A lead was found to be, or became, this contact."""

    aggregate, scope = "lead", "leads:read"
    lead_id: UUID
    contact_id: UUID


class ContactCreated(EventData):
    """A contact was stored; `lead_id` says which lead it came from, if any."""

    aggregate, scope = "contact", "leads:read"
    contact_id: UUID
    lead_id: UUID | None = None
    company_id: UUID | None = None


class TaskScheduled(EventData):
    """A task was put on somebody's list."""

    aggregate, scope = "task", "leads:read"
    task_id: UUID
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    due_at: datetime


class TaskDue(EventData):
    """The time of an open task has come."""

    aggregate, scope = "task", "leads:read"
    task_id: UUID
    lead_id: UUID | None = None
    due_at: datetime


class TouchpointRecorded(EventData):
    """A touchpoint was stored."""

    aggregate, scope = "touchpoint", "leads:read"
    touchpoint_id: UUID
    kind: str
    channel: str
    lead_id: UUID | None = None
    occurred_at: datetime


class UserCreated(EventData):
    """A user was made."""

    aggregate, scope = "user", "users:read"
    user_id: UUID
    role: str
    status: str


class UserChanged(EventData):
    """A user's role or status changed."""

    aggregate, scope = "user", "users:read"
    user_id: UUID
    role: str
    status: str


class UserRemoved(EventData):
    """A user was deleted."""

    aggregate, scope = "user", "users:read"
    user_id: UUID
    role: str
    status: str


class TokenCreated(EventData):
    """An API token was made."""

    aggregate, scope = "token", "users:read"
    token_id: UUID
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenChanged(EventData):
    """An API token was revoked, or its scopes or its end changed."""

    aggregate, scope = "token", "users:read"
    token_id: UUID
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenRemoved(EventData):
    """An API token was deleted."""

    aggregate, scope = "token", "users:read"
    token_id: UUID
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None


class TenantCreated(EventData):
    """The tenant was made."""

    aggregate, scope = "tenant", "tenant:read"
    tenant_id: UUID
    status: str
    settings: dict[str, Any]


class TenantChanged(EventData):
    """The tenant's status or settings changed."""

    aggregate, scope = "tenant", "tenant:read"
    tenant_id: UUID
    status: str
    settings: dict[str, Any]


class ConnectionStored(EventData):
    """A vendor connection was made."""

    aggregate, scope = "connection", "tenant:read"
    connection_id: UUID
    vendor: str
    is_sandbox: bool
    status: str


class ConnectionChanged(EventData):
    """A vendor connection's credential was replaced, or a call showed another state than the last one."""

    aggregate, scope = "connection", "tenant:read"
    connection_id: UUID
    vendor: str
    is_sandbox: bool
    status: str


class ConnectionRemoved(EventData):
    """A vendor connection was deleted."""

    aggregate, scope = "connection", "tenant:read"
    connection_id: UUID
    vendor: str
    is_sandbox: bool
    status: str


class PullFinished(EventData):
    """A pull of one vendor's data ended."""

    aggregate, scope = "pull", "tenant:read"
    pull_id: UUID
    vendor: str
    rows_changed: int = Field(ge=0)


class ModelPromoted(EventData):
    """Another model version answers from now on."""

    aggregate, scope = "model", "scores:read"
    model_id: UUID
    kind: str
    model_version: str


class ApplicationDataStored(EventData):
    """An application stored a document, new or changed."""

    aggregate, scope = "application_data", "application_data:read"
    application_data_id: UUID
    app_name: str


class ApplicationDataDeleted(EventData):
    """An application's document was deleted."""

    aggregate, scope = "application_data", "application_data:read"
    application_data_id: UUID
    app_name: str


class WebhookPinged(EventData):
    """Somebody asked for a test delivery to a webhook endpoint; it goes to that endpoint alone."""

    aggregate, scope = "webhook_endpoint", "webhooks:read"
    webhook_endpoint_id: UUID


class WebhookEndpointDisabled(EventData):
    """A webhook endpoint failed for so long that deliveries to it stopped."""

    aggregate, scope = "webhook_endpoint", "webhooks:read"
    webhook_endpoint_id: UUID
    reason: str
