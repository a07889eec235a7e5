"""Shapes of sessions."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class Session(BaseModel):
    """One sign-in that still holds."""

    id: UUID
    is_current: bool = Field(description="Whether it is the one that asks.")
    methods: list[str] = Field(description="How its user proved who he is (RFC 8176).")
    address: str | None
    user_agent: str | None
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime


class SessionList(BaseModel):
    """All live sessions of a user; there are never many."""

    items: list[Session]


class SessionsEnded(BaseModel):
    """How many sessions were ended."""

    ended: int
