"""Shapes of touchpoints as they are sent."""

from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from serving.kit.text import LongText, Text
from tekup.clock import utc_now

MOST_AT_ONCE = 1_000
AHEAD = timedelta(minutes=10)
"""How far a sender's clock may be ahead of ours."""
Kind: TypeAlias = Literal["view", "click", "visit", "email_open", "email_click", "form", "call", "meeting"]
Verdict: TypeAlias = Literal["stored", "known", "without_consent", "bot", "unknown_lead", "unknown_contact"]


def _not_ahead(moment: AwareDatetime) -> AwareDatetime:
    if moment > utc_now() + AHEAD:
        raise ValueError("lies in the future")
    return moment


class TouchpointCreate(BaseModel):
    """One touchpoint of a person: a visitor by `anonymous_id`, a lead or a contact."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, description="Yours, so that sending it twice stores it once.")
    kind: Kind
    occurred_at: Annotated[AwareDatetime, AfterValidator(_not_ahead)] | None = Field(
        default=None, description="Now, where it is left out."
    )
    anonymous_id: Text | None = Field(default=None, min_length=1, max_length=200, description="The visitor's id.")
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    channel: Text | None = Field(
        default=None,
        description="Left out, the warehouse finds it by your channel rules.",
        pattern=r"^[a-z0-9_]{1,40}$",
    )
    utm_source: Text | None = None
    utm_medium: Text | None = None
    utm_campaign: Text | None = Field(default=None, description="Names the campaign, where one has it.")
    utm_content: Text | None = None
    utm_term: Text | None = None
    landing_page: LongText | None = None
    referrer: LongText | None = None
    device: Text | None = None
    user_agent: LongText | None = Field(default=None, description="Of the visitor; it tells bots and is not kept.")
    has_consent: bool = Field(
        default=True, description="False: the visitor said no, and nothing of the touchpoint is kept."
    )

    @model_validator(mode="after")
    def _is_somebodys(self) -> Self:
        if self.has_consent and not (self.anonymous_id or self.lead_id or self.contact_id):
            raise ValueError("give an anonymous_id, a lead_id or a contact_id")
        return self


class TouchpointBatch(BaseModel):
    """Several touchpoints."""

    model_config = ConfigDict(extra="forbid")

    items: list[TouchpointCreate] = Field(min_length=1, max_length=MOST_AT_ONCE)


class TouchpointReceipt(BaseModel):
    """What became of each touchpoint, in their order, and how many were stored."""

    stored: int
    verdicts: list[Verdict]
