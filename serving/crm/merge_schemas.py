"""Shapes of merges and duplicates."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from serving.crm.schemas import Body


class MergeRequest(Body):
    """Which record is to go into the one that is named in the path."""

    other_id: UUID


class Merge(BaseModel):
    """A merge: what it took away, what it moved, and whether it was undone."""

    id: UUID
    entity: str
    kept_id: UUID
    merged_id: UUID
    filled: list[str] = Field(description="Fields of the kept record that were empty and were taken from the other.")
    moved: dict[str, int] = Field(description="How many records of each kind now belong to the kept one.")
    merged_at: AwareDatetime
    undone_at: AwareDatetime | None


class DuplicateGroup(BaseModel):
    """Records that are probably one, the oldest first."""

    reason: Literal["email", "phone", "name", "domain"]
    ids: list[UUID]


class DuplicateGroups(BaseModel):
    """The largest groups first, up to 200."""

    items: list[DuplicateGroup]
