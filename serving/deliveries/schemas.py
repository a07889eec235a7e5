"""Shapes of outgoing webhooks in requests and answers."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serving.kit.text import LongText, Text

_TYPES = Field(default=None, min_length=1, max_length=100, description="Which types; null for all that you may see.")


class WebhookCreate(BaseModel):
    """Where events are to be sent."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, max_length=2000, examples=["https://example.dk/tekup-events"])
    description: Text | None = None
    event_types: list[Text] | None = _TYPES


class WebhookUpdate(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, min_length=1, max_length=2000)
    description: Text | None = None
    event_types: list[Text] | None = _TYPES
    is_enabled: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        for name in ("url", "is_enabled"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can't be null")
        return self


class Webhook(BaseModel):
    """An endpoint. Its secret is shown when it is made and when it is changed."""

    id: UUID
    url: str
    description: str | None
    event_types: list[str] | None
    is_enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None = Field(description="Since when nothing was delivered that was tried.")
    created_at: datetime
    updated_at: datetime
    previous_until: datetime | None = Field(description="Until when deliveries bear the old secret's signature too.")


class WebhookWithSecret(Webhook):
    """The same with the signing secret, which is not shown again."""

    secret: str


class Delivery(BaseModel):
    """One event on its way to one endpoint."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    event_type: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    next_try_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class Attempt(BaseModel):
    """One try to deliver."""

    number: int
    attempted_at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    answer: LongText | None = Field(description="How the receiver's answer began.")


class DeliveryWithAttempts(Delivery):
    """A delivery with each try."""

    tries: list[Attempt]


class DeliveryPage(BaseModel):
    """Deliveries, the newest first."""

    items: list[Delivery]
    next_before: UUID | None = Field(description="`before` of the next page; null at the end.")


class ReplayRange(BaseModel):
    """Which events an endpoint is to be sent again."""

    model_config = ConfigDict(extra="forbid")

    from_pos: int = Field(ge=1, le=2**63 - 1)
    to_pos: int | None = Field(default=None, ge=1, le=2**63 - 1, description="The last one; null for all there are.")


class Queued(BaseModel):
    """How many deliveries were put on their way."""

    deliveries: int
