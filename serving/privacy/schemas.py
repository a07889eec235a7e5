"""The shapes of requests about a person."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class PrivacyRequestCreate(BaseModel):
    """What is wanted, and of whom."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["export", "erase"] = Field(description="A copy of all that is held of the person, or its end.")
    subject: str = Field(
        min_length=3,
        max_length=320,
        description="An e-mail, a phone number, the id of a lead or contact, or `kind:value` such as `hubspot:101`.",
        examples=["anna@example.dk"],
    )


class PrivacyRequest(BaseModel):
    """A request and how far it is. Whom it is about is not told back."""

    id: UUID
    kind: Literal["export", "erase"]
    status: Literal["requested", "running", "done", "settled", "failed"] = Field(
        description="`failed` ones are tried again; `settled` ones no longer know whom they were about."
    )
    rows: dict[str, int] = Field(description="Rows by place that were exported or erased so far.")
    error: str | None = Field(description="Why it is not done yet.")
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    has_archive: bool = Field(description="Whether the archive of an export can be fetched; for a day.")


class PrivacyRequestList(BaseModel):
    """The newest hundred requests."""

    items: list[PrivacyRequest]
