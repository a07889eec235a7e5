"""Shapes of links and of rules of naming."""

import re
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from serving.kit.text import LongText, Text

Word: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9æøå][a-z0-9æøå_.-]{0,99}$", examples=["newsletter"])]
Value: TypeAlias = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _as_address(text: str) -> str:
    if re.search(r"\s", text) or urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname:
        raise ValueError("must be an address that begins with https:// or http://")
    return text


class NamePart(BaseModel):
    """One part of a campaign's name."""

    model_config = ConfigDict(extra="forbid")

    name: Word
    kind: Literal["word", "year", "month", "number", "choice"] = Field(
        description="`year`: 2026, `month`: 01 to 12, `word`: letters and digits, `choice`: one of `choices`."
    )
    choices: Annotated[list[Word], Field(default=[], max_length=200)]

    @model_validator(mode="after")
    def _offers_choices(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a part of kind choice, and no other, has choices")
        return self


class UtmRulesUpdate(BaseModel):
    """How names are to be; what is empty allows all."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[list[Word], Field(max_length=200)] = Field(default=[])
    mediums: Annotated[list[Word], Field(max_length=200)] = Field(default=[])
    separator: Literal["-", "_", "."] = "-"
    parts: Annotated[list[NamePart], Field(max_length=12)] = Field(
        default=[], description="Of a campaign's name, in order."
    )


class UtmRules(UtmRulesUpdate):
    """The rules as they stand."""

    updated_at: AwareDatetime | None = Field(description="Null where none were set yet.")


class UtmLinkRequest(BaseModel):
    """What a link is to tell."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[LongText, AfterValidator(_as_address)]
    source: Value
    medium: Value
    campaign: Value | None = None
    campaign_id: UUID | None = Field(default=None, description="Instead of `campaign`: takes that one's UTM name.")
    content: Value | None = None
    term: Value | None = None

    @model_validator(mode="after")
    def _names_a_campaign(self) -> Self:
        if (self.campaign is None) == (self.campaign_id is None):
            raise ValueError("give either campaign or campaign_id")
        return self


class UtmLink(BaseModel):
    """A link with its parameters."""

    url: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str | None
    utm_term: str | None
    campaign_id: UUID | None = Field(description="The campaign of this UTM name, where one has it.")
