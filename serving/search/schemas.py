"""Shapes of the search."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text

Kind: TypeAlias = Literal["lead", "contact", "company", "deal", "activity"]


class SearchQuery(BaseModel):
    """What is looked for, among what, and how much at once."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        Text,
        Field(
            min_length=2,
            max_length=200,
            description='Words, the last letters of which may be missing; "a phrase", -without, this or that.',
        ),
    ]
    kind: Annotated[list[Kind], Field(default=[], max_length=5, description="Only these kinds.")]
    limit: int = Field(default=20, ge=1, le=50)
    cursor: str | None = Field(default=None, max_length=500, description="`next_cursor` of the page before.")


class SearchHit(BaseModel):
    """A record that holds the words."""

    kind: Kind
    id: UUID
    title: str | None
    detail: str | None
    snippet: str | None = Field(description="Where the words stand: HTML, escaped but for `<mark>` around them.")
    rank: float = Field(description="How well it fits; names count more than texts.")


class SearchHits(BaseModel):
    """The best first. A page may be shorter than `limit`; the list ends where `next_cursor` is null."""

    items: list[SearchHit]
    next_cursor: str | None
