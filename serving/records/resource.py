"""What a resource is: table, shapes, filters, events. How requests on it are answered is not known here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model
from sqlalchemy import Row, Table

from serving.kit.text import Text
from serving.records.repository import RecordRepository
from tekup.contracts.events import EventData

Settle: TypeAlias = Callable[[RecordRepository, dict[str, Any], Row[Any] | None], Awaitable[dict[str, Any]]]
"""Checks and completes the values of a new record (no row), or of changes to a row; raises a Problem."""
Told: TypeAlias = list[EventData]


async def settle_nothing(
    repository: RecordRepository, values: dict[str, Any], before: Row[Any] | None
) -> dict[str, Any]:
    """Store the values as they came."""
    return values


def tell_nothing(*_: Any) -> Told:
    """No event."""
    return []


@dataclass(frozen=True)
class Events:
    """The events of a resource, from the rows."""

    created: Callable[[Row[Any]], Told] = tell_nothing
    changed: Callable[[Row[Any], Row[Any], list[str]], Told] = tell_nothing
    """Of the row before, the row after and the names of what differs."""
    deleted: Callable[[Row[Any]], Told] = tell_nothing


class PageQuery(BaseModel):
    """What every list can be asked; the filters of a resource come on top."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=500, description="`next_cursor` of the page before.")
    created_since: AwareDatetime | None = Field(default=None, description="Made at this moment or later.")
    created_before: AwareDatetime | None = Field(default=None, description="Made before this moment.")
    updated_since: AwareDatetime | None = Field(default=None, description="Changed at this moment or later.")


@dataclass(frozen=True)
class Resource:
    """One kind of record. ``filters`` are compared for equality, ``searched`` are what `q` looks into."""

    noun: str
    plural: str
    table: Table
    read: type[BaseModel]
    create: type[BaseModel]
    update: type[BaseModel]
    filters: Mapping[str, Any] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    orders: tuple[str, ...] = ("created_at", "updated_at")
    masked: Table | None = None
    seen_with: tuple[str, ...] = ()
    """Permissions of which one opens ``table``; without them ``masked`` is read."""
    has_tags: bool = False
    custom_entity: str | None = None
    """The name under which custom fields of this resource are defined."""
    settle: Settle = settle_nothing
    events: Events = field(default_factory=Events)
    permission: str | None = None

    @property
    def read_scope(self) -> str:
        """The scope that a reader needs."""
        return f"{self.permission or self.plural}:read"

    @property
    def write_scope(self) -> str:
        """The scope that a writer needs."""
        return f"{self.permission or self.plural}:write"

    @property
    def path(self) -> str:
        """Where it stands in the API."""
        return f"/v1/{self.plural.replace('_', '-')}"

    @cached_property
    def query(self) -> type[PageQuery]:
        """The query of a list: filters, order and page."""
        fields: dict[str, Any] = {name: (kind | None, Field(default=None)) for name, kind in self.filters.items()}
        if self.searched:
            told = f"Text to look for in {', '.join(self.searched)}; letter case does not matter."
            fields["q"] = (Text | None, Field(default=None, min_length=2, description=told))
        if self.has_tags:
            fields["tag"] = (Text | None, Field(default=None, description="Carries this tag."))
        if self.custom_entity is not None:
            told = "`name:value` of a custom field; several must all hold."
            fields["custom"] = (list[Text], Field(default=[], max_length=10, description=told))
        orders = tuple(sign + name for name in self.orders for sign in ("-", ""))
        fields["sort"] = (Literal[orders], Field(default=orders[0], description="`-`: the largest or latest first."))
        return create_model(f"{self.read.__name__}Query", __base__=PageQuery, **fields)

    @cached_property
    def page(self) -> type[BaseModel]:
        """One page of a list."""
        described = "Null after the last page."
        return create_model(
            f"{self.read.__name__}Page",
            items=(list[self.read], ...),  # type: ignore[name-defined]
            next_cursor=(str | None, Field(description=described)),
        )


class Linked(BaseModel):
    """What every record has."""

    id: UUID
    created_at: AwareDatetime
    updated_at: AwareDatetime
