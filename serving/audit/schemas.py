"""Shapes of the audit trail."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.kit.text import Text


class AuditQuery(BaseModel):
    """Which entries, and how many at a time."""

    model_config = ConfigDict(extra="forbid")

    actor_id: Text | None = Field(None, description="Of this user or token.")
    action: Text | None = Field(None, description="Such as `read`, `lead.create`, `user.sign_in`.")
    entity_type: Text | None = Field(None, description="What kind of thing, such as `lead`.")
    entity_id: Text | None = Field(None, description="The thing that was named, by its id.")
    request_id: Text | None = Field(None, description="Of one request.")
    since: AwareDatetime | None = Field(None, description="From this moment on.")
    until: AwareDatetime | None = Field(None, description="Before this moment.")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500, description="`next_cursor` of the page before.")

    @property
    def question(self) -> str:
        """What a cursor is bound to: the list with its filters."""
        return "audit " + self.model_dump_json(exclude={"limit", "cursor"})


class AuditEntry(BaseModel):
    """Who did what to which things, from where and what for."""

    id: UUID
    occurred_at: datetime
    database: Literal["operational", "warehouse"]
    actor_kind: str
    actor_id: str
    action: str
    entity_type: str | None = Field(description="What kind of thing, or which tables were read.")
    entity_id: str | None
    item_ids: list[UUID] | None = Field(description="Ids of what was read, up to 100.")
    item_count: int | None = Field(description="How many rows were read.")
    outcome: str
    purpose: str | None
    route: str | None
    address: str | None
    request_id: str | None
    trace_id: str | None
    recorded_by: str = Field(description="The database role that wrote the entry.")
    details: dict[str, Any] = Field(description="Of a change: `before` and `after`.")


class AuditPage(BaseModel):
    """A page of entries, newest first."""

    items: list[AuditEntry]
    next_cursor: str | None


class AuditHead(BaseModel):
    """The newest seal of one database's trail: keep it, and nobody can cut the trail behind your back."""

    database: Literal["operational", "warehouse"]
    number: int
    head: str = Field(description="SHA-256 by which the next seal names this one, in hex.")
    sealed_at: datetime
    key_id: str
    public_key: str = Field(description="The Ed25519 key that verifies the seals, in hex.")


class AuditHeads(BaseModel):
    """The newest seals; none where nothing is sealed yet."""

    items: list[AuditHead]
