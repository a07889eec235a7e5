"""Shapes of files' metadata."""

import re
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from serving.crm.schemas import Body, Change, Name
from serving.kit.text import LongText, Text
from serving.records.resource import Linked

_PLACE = re.compile(r"(https|s3|gs|az|abfss)://[^\s]+")
LINKS = ("lead_id", "contact_id", "company_id", "deal_id", "activity_id")


def _as_place(text: str) -> str:
    if not _PLACE.fullmatch(text):
        raise ValueError("must be an address that begins with https://, s3://, gs://, az:// or abfss://")
    return text


Place: TypeAlias = Annotated[Text, AfterValidator(_as_place)]
MediaType: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$", examples=["text/csv"])
]


class FileFacts(Body):
    """Whose a file is, and what it is about."""

    lead_id: UUID | None = None
    contact_id: UUID | None = None
    company_id: UUID | None = None
    deal_id: UUID | None = None
    activity_id: UUID | None = None
    owner_id: UUID | None = Field(default=None, description="The user who put it there.")
    description: LongText | None = None


class FileCreate(FileFacts):
    """A file that lies somewhere already, and belongs to at least one record."""

    name: Name
    media_type: MediaType
    size_bytes: int = Field(ge=0, le=2**53)
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of its bytes, in small hexadecimal digits.")]
    storage_url: Place

    @model_validator(mode="after")
    def _belongs_somewhere(self) -> Self:
        if not any(getattr(self, link) for link in LINKS):
            raise ValueError(f"a file belongs to a record: give one of {', '.join(LINKS)}")
        return self


class FileUpdate(FileFacts, Change):
    """Changes to what is known of a file; other bytes are another file."""

    name: Name | None = None
    storage_url: Place | None = None


class File(Linked):
    """One file."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str
    storage_url: str
    description: str | None
    lead_id: UUID | None
    contact_id: UUID | None
    company_id: UUID | None
    deal_id: UUID | None
    activity_id: UUID | None
    owner_id: UUID | None
