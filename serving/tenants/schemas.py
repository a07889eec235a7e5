"""Shapes of a tenant and of its settings."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from serving.kit.text import Currency


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


class ScoringSettings(BaseModel):
    """How the tenant's leads are scored."""

    model_config = ConfigDict(extra="forbid")

    is_pooled: StrictBool = Field(
        default=True,
        description="Whether its leads teach what all tenants' models share; false: they teach its own alone.",
    )
    capacity: float | None = Field(
        default=None,
        gt=0,
        le=0.25,
        strict=True,
        description="The share of its leads that its people can work: so many get grade A.",
    )


class TenantSettingsUpdate(BaseModel):
    """Settings to change; what is left out stays, null takes a setting away and its default holds."""

    model_config = ConfigDict(extra="forbid")

    timezone: str | None = Field(
        default=None, max_length=64, examples=["Europe/Copenhagen"], description="Whose days the figures follow."
    )
    currency: Currency | None = Field(default=None, description="In which currency figures are reported.")
    language: Literal["da", "en"] | None = Field(default=None, description="In which language sentences are told.")
    sales_see: Literal["all", "own"] | None = Field(
        default=None, description="Whether salespeople see every lead, or those that are theirs."
    )

    scoring: ScoringSettings | None = Field(default=None, description="How its leads are scored.")

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError("must be a name of the IANA time zone database, such as Europe/Copenhagen")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one setting")
        return self
