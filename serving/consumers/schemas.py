"""Shapes of consumers and of what they left aside."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class ConsumerState(BaseModel):
    """How far a consumer has come with the tenant's events."""

    consumer: str
    pos: int = Field(description="The last position that it has worked through or laid aside.")
    behind: int = Field(description="How many positions are left.")
    waiting: int = Field(description="Events laid aside that will be tried again by themselves.")
    dead: int = Field(description="Events whose tries are used up; their keys wait for a person.")
    updated_at: datetime


class ParkedEvent(BaseModel):
    """An event that a consumer could not work with, or one that waits behind such a one."""

    consumer: str
    event_id: UUID
    pos: int
    key: str = Field(description="The aggregate whose events wait: type and id.")
    event_type: str
    state: Literal["waiting", "dead"]
    attempts: int = Field(description="0 where it only waits behind another.")
    error: str | None
    next_try_at: datetime | None
    parked_at: datetime
    occurred_at: datetime
    payload: dict[str, Any]


class ParkedPage(BaseModel):
    """Parked events in the order of the log."""

    items: list[ParkedEvent]
    next_after: str | None = Field(description="`after` of the next page; null at the end.")
