"""Shapes of roles and scopes."""

from pydantic import BaseModel, ConfigDict, Field

from serving.kit.text import Text


class Role(BaseModel):
    """A role with what it opens."""

    name: str
    description: str
    scopes: list[str]
    is_built_in: bool = Field(description="Built-in roles are the same everywhere and can't be changed.")


class RoleList(BaseModel):
    """All roles of the tenant, the built-in ones first."""

    items: list[Role]


class RoleUpdate(BaseModel):
    """What a role is for and what it opens."""

    model_config = ConfigDict(extra="forbid")

    description: Text = ""
    scopes: list[Text] = Field(min_length=1, max_length=100)


class RoleCreate(RoleUpdate):
    """A new role of the tenant's own."""

    name: Text = Field(examples=["campaign_planner"], description="2 to 40 small letters, digits and underscores.")


class Scope(BaseModel):
    """A scope and what it opens."""

    name: str
    opens: str


class ScopeList(BaseModel):
    """Every scope there is."""

    items: list[Scope]
