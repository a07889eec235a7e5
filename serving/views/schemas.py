"""Shapes of saved views."""

from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from serving.crm.schemas import Body, Change, Name
from serving.kit.text import Text
from serving.records.resource import Linked

ListName: TypeAlias = Literal["leads", "contacts", "companies", "deals", "activities", "campaigns"]
Filters: TypeAlias = Annotated[
    dict[str, Any],
    Field(max_length=30, description="As the list's query takes them.", examples=[{"status": "open", "tag": "vip"}]),
]
Columns: TypeAlias = Annotated[list[Text], Field(min_length=1, max_length=60)]


class SavedViewCreate(Body):
    """A new view of a list; it is yours, and others see it where it is shared."""

    name: Name
    list: ListName
    filters: Filters = Field(default={})
    sort: Text = Field(default="-created_at", description="As the list's `sort`.")
    columns: Columns
    is_shared: bool = False


class SavedViewUpdate(Change):
    """Changes to a view of yours; its list stays."""

    name: Name | None = None
    filters: Filters | None = None
    sort: Text | None = None
    columns: Columns | None = None
    is_shared: bool | None = None


class SavedView(Linked):
    """One view."""

    name: str
    list: ListName
    filters: dict[str, Any]
    sort: str
    columns: Columns
    is_shared: bool
    owner_id: UUID = Field(description="The user or token that made it.")
