"""Shapes of custom fields: the definitions, not their values."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from serving.crm.schemas import Body, Change, Name
from serving.records.resource import Linked


class CustomFieldCreate(Body):
    """A field of your own on contacts, companies or deals."""

    entity: Literal["contact", "company", "deal"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["contract_ends"])]
    label: Name
    kind: Literal["text", "number", "boolean", "date", "choice"]
    choices: Annotated[list[Name], Field(max_length=200)] = Field(default=[])
    is_required: bool = Field(default=False, description="A record without it is refused from now on.")

    @model_validator(mode="after")
    def _offers_choices(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("a field of kind choice, and no other, has choices")
        return self


class CustomFieldUpdate(Change):
    """Changes to a field of your own; its name and kind stay, since records hold values of them."""

    label: Name | None = None
    choices: Annotated[list[Name], Field(min_length=1, max_length=200)] | None = None
    is_required: bool | None = None


class CustomField(Linked):
    """A field of your own."""

    entity: str
    name: str
    label: str
    kind: str
    choices: list[str]
    is_required: bool
