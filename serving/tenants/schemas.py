"""The shape of a tenant."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Tenant(BaseModel):
    """The tenant that the token speaks for."""

    id: UUID
    name: str
    domain: str
    status: Literal["active", "suspended", "deleted"]
    settings: dict[str, Any]
    created_at: datetime
    scopes: list[str] = Field(description="What the caller's token may do.")
    role: str | None = Field(description="The caller's role; null for an API token.")
