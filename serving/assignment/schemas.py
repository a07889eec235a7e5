"""Shapes of assignment: rules, loads, and handing out several records at once."""

from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from serving.automation.conditions import LONGEST
from serving.crm.schemas import Body, Change, Name
from serving.kit.problems import FieldFault
from serving.kit.text import Text
from serving.records.resource import Linked

MOST_AT_ONCE = 500
Assigned: TypeAlias = Literal["lead", "deal"]
Strategy: TypeAlias = Literal["round_robin", "least_loaded"]
Users: TypeAlias = Annotated[list[UUID], Field(min_length=1, max_length=200)]
Condition: TypeAlias = Annotated[
    Text,
    Field(
        max_length=LONGEST,
        description="CEL over the record's fields and `now`; empty: every record.",
        examples=["lead.country in ['DK', 'NO'] && lead.employee_count > 50"],
    ),
]


class RuleFacts(Body):
    """What a rule may say."""

    most_open: int | None = Field(
        default=None, ge=1, le=1_000_000, description="A user with so many open records gets no more by this rule."
    )
    fallback_user_id: UUID | None = Field(
        default=None, description="Who gets it where none of the users can; without one the next rule is asked."
    )


class AssignmentRuleCreate(RuleFacts):
    """A new rule: the first, by position, whose condition holds and that has somebody, says who gets the record."""

    name: Name
    entity: Assigned
    strategy: Strategy = Field(default="round_robin", description="In turn, or to whoever has the fewest open records.")
    user_ids: Users
    condition: Condition = ""
    position: int = Field(default=100, ge=0, le=1_000_000)
    is_enabled: bool = True


class AssignmentRuleUpdate(RuleFacts, Change):
    """Changes to a rule."""

    name: Name | None = None
    strategy: Strategy | None = None
    user_ids: Users | None = None
    condition: Condition | None = None
    position: int | None = Field(default=None, ge=0, le=1_000_000)
    is_enabled: bool | None = None


class AssignmentRule(Linked):
    """One rule."""

    name: str
    entity: Assigned
    position: int
    is_enabled: bool
    condition: str
    strategy: Strategy
    user_ids: list[UUID]
    most_open: int | None
    fallback_user_id: UUID | None


class Load(BaseModel):
    """How many open records a user has."""

    user_id: UUID
    open_count: int


class Loads(BaseModel):
    """The active users' loads, the largest first."""

    items: list[Load]


class AssignmentRequest(Body):
    """Which records are to be handed out, and to whom."""

    ids: Annotated[list[UUID], Field(default=[], max_length=MOST_AT_ONCE)]
    from_user_id: UUID | None = Field(
        default=None, description=f"Instead of `ids`: the user's open records, up to {MOST_AT_ONCE} at once."
    )
    user_id: UUID | None = Field(default=None, description="Who gets them; left out, the rules say.")
    is_dry_run: bool = Field(default=False, description="Tell what would happen, and do nothing.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if bool(self.ids) == (self.from_user_id is not None):
            raise ValueError("give either ids or from_user_id")
        return self


class AssignmentItem(BaseModel):
    """What became of one record."""

    id: UUID
    status: int = Field(description="200 handed out or his already; 404 no such record; 409 no rule has anybody.")
    owner_id: UUID | None = None
    rule_id: UUID | None = None
    errors: list[FieldFault] | None = None


class AssignmentResults(BaseModel):
    """What became of each record, in their order."""

    items: list[AssignmentItem]
