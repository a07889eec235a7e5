"""Shapes of the synchronisation with HubSpot."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.kit.text import Text

SyncKind: TypeAlias = Literal["contacts", "companies", "deals"]
Direction: TypeAlias = Literal["off", "in", "out", "both"]
Rule: TypeAlias = Literal["newest", "hubspot", "tekup"]
PropertyName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]


class HubspotSyncUpdate(BaseModel):
    """How one kind of object is synchronised; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    direction: Direction | None = Field(default=None, description="`in`: from HubSpot, `out`: to it.")
    rule: Rule | None = Field(
        default=None, description="Who wins where both sides changed a field: the later change, HubSpot, or TekUp."
    )
    fields: dict[Text, PropertyName | None] | None = Field(
        default=None,
        max_length=100,
        description="Own field (`custom.name` for your own ones) to HubSpot property, on top of the defaults; "
        "null leaves a field out.",
    )
    stages: dict[UUID, Text] | None = Field(
        default=None, max_length=500, description="Stage to HubSpot's stage id, on top of those of the same name."
    )
    matches: bool | None = Field(
        default=None,
        description="Whether records are taken for objects with the same e-mail (contacts), domain (companies), or "
        "name and company (deals).",
    )
    requires_consent: bool | None = Field(
        default=None, description="Contacts: only those with marketing consent go out."
    )
    follows_deletions: bool | None = Field(
        default=None, description="Whether what is deleted on one side is deleted on the other."
    )


class HubspotSync(BaseModel):
    """How one kind is synchronised, and how it stands."""

    kind: SyncKind
    direction: Direction
    rule: Rule
    fields: dict[str, str | None]
    stages: dict[str, str]
    matches: bool
    requires_consent: bool
    follows_deletions: bool
    linked_count: int = Field(description="Records that have their object.")
    waiting_count: int = Field(description="Records that wait to be compared and sent.")
    failed_count: int = Field(description="Records that HubSpot or TekUp refused; a person has to look.")
    sent_count: int = Field(description="Objects that were written at HubSpot so far.")
    received_count: int = Field(description="Records that were changed here so far.")
    last_sent_at: AwareDatetime | None
    last_received_at: AwareDatetime | None
    watermark: AwareDatetime | None = Field(description="Up to where HubSpot's changes were taken in.")
    error: str | None = Field(description="Why the synchronisation stands still, if it does.")


class HubspotSyncs(BaseModel):
    """All kinds."""

    items: list[HubspotSync]


class SyncFailure(BaseModel):
    """A record that was refused."""

    id: UUID
    record_id: UUID | None
    object_id: str | None
    reason: str | None
    attempts: int
    updated_at: AwareDatetime


class SyncFailures(BaseModel):
    """What was refused, the latest first."""

    items: list[SyncFailure]


class FieldPreview(BaseModel):
    """What a first run would do to one field of the records that have their object."""

    field: str
    property: str
    to_hubspot: int
    to_tekup: int


class SyncPreview(BaseModel):
    """What would happen, found out without changing anything."""

    record_count: int
    checked_count: int = Field(description="Records that were compared; the rest was not looked at.")
    linked_count: int = Field(description="Of these, linked already.")
    matched_count: int = Field(description="Of these, would be linked to an object that is there.")
    created_at_hubspot_count: int
    object_count: int = Field(description="Objects at HubSpot.")
    created_here_count: int | None = Field(description="Null where not all records were compared.")
    fields: list[FieldPreview]


class Retried(BaseModel):
    """How many records were put back."""

    retried_count: int
