"""Shapes of rules, of what they do, and of their log."""

from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from serving.automation.conditions import LONGEST
from serving.crm.schemas import ActivityKind, Body, Change, Name
from serving.kit.text import LongText, Text
from serving.records.resource import Linked

MOST_ACTIONS = 20
_PLACEHOLDERS = "`{field}` stands for the record's value, such as `{company_name}`."


class CreateActivity(Body):
    """Put a task, note or other activity on the record."""

    do: Literal["create_activity"]
    kind: ActivityKind = "task"
    subject: Annotated[Text, Field(min_length=1, description=_PLACEHOLDERS)]
    body: LongText | None = Field(default=None, description=_PLACEHOLDERS)
    due_in_minutes: int | None = Field(default=None, ge=0, le=527_040, description="Of a task: from now.")
    owner: Literal["record_owner"] | UUID | None = Field(
        default="record_owner", description="Whose it is: the record's owner, a user, or nobody."
    )


class SetFields(Body):
    """Set fields of the record, as a PATCH of it would."""

    do: Literal["set_fields"]
    fields: Annotated[dict[str, Any], Field(min_length=1, max_length=30)]


class MoveStage(Body):
    """Move the deal to a stage."""

    do: Literal["move_stage"]
    stage_id: UUID


class Assign(Body):
    """Give the record to a user; without one, a lead or deal goes to whom the rules of assignment say."""

    do: Literal["assign"]
    user_id: UUID | None = None


class AddTag(Body):
    """Add a tag to the record."""

    do: Literal["add_tag"]
    tag: Annotated[Text, Field(min_length=1, max_length=60)]


class RemoveTag(Body):
    """Take a tag off the record."""

    do: Literal["remove_tag"]
    tag: Annotated[Text, Field(min_length=1, max_length=60)]


class Emit(Body):
    """Tell the outside: an `AutomationSignalled` event, which your webhook endpoints and streams get."""

    do: Literal["emit"]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,62}$", examples=["hot_lead"])]


Action: TypeAlias = Annotated[
    CreateActivity | SetFields | MoveStage | Assign | AddTag | RemoveTag | Emit, Field(discriminator="do")
]
Condition: TypeAlias = Annotated[
    Text,
    Field(
        max_length=LONGEST,
        description="CEL over the record's fields, the event's data and `now`; empty always holds.",
        examples=["lead.country == 'DK' && event.grade in ['A', 'B']"],
    ),
]


class RuleFacts(Body):
    """What a rule may say."""

    description: LongText | None = None


class RuleCreate(RuleFacts):
    """A new rule: when `trigger` happens and `condition` holds, then do `actions` in their order."""

    name: Name
    trigger: Annotated[Text, Field(description="The type of event.", examples=["LeadScored"])]
    condition: Condition = ""
    actions: Annotated[list[Action], Field(min_length=1, max_length=MOST_ACTIONS)]
    position: int = Field(default=100, ge=0, le=1_000_000, description="Rules of one event run in this order.")
    is_enabled: bool = True


class RuleUpdate(RuleFacts, Change):
    """Changes to a rule; its trigger stays, since its log is about it."""

    name: Name | None = None
    condition: Condition | None = None
    actions: Annotated[list[Action], Field(min_length=1, max_length=MOST_ACTIONS)] | None = None
    position: int | None = Field(default=None, ge=0, le=1_000_000)
    is_enabled: bool | None = None


class Rule(Linked):
    """One rule."""

    name: str
    description: str | None
    position: int
    is_enabled: bool
    trigger: str
    condition: str
    actions: list[dict[str, Any]]


class Run(Linked):
    """One firing of a rule."""

    rule_id: UUID
    event_id: UUID
    event_type: str
    entity_type: str
    entity_id: UUID
    outcome: Literal["done", "failed", "stopped"] = Field(
        description="`failed`: the record did not allow it, nothing was done; `stopped`: it would have run in circles."
    )
    actions: list[dict[str, Any]] = Field(description="What each action did.")
    error: str | None
    caused_by: UUID | None = Field(description="The firing that caused this one, if one did.")
    depth: int


class DryRunRequest(Body):
    """A rule on trial, over events of its type that happened, or on records that you name."""

    rule_id: UUID | None = Field(default=None, description="A stored rule; else `trigger` and `actions` say it.")
    trigger: Text | None = None
    condition: Condition = ""
    actions: Annotated[list[Action], Field(default=[], max_length=MOST_ACTIONS)]
    record_ids: Annotated[list[UUID], Field(default=[], max_length=50)]
    limit: int = Field(default=100, ge=1, le=500, description="So many of the latest events are looked at.")


class DryRunItem(BaseModel):
    """What would happen for one event or record."""

    event_id: UUID | None
    occurred_at: AwareDatetime | None
    entity_id: UUID
    holds: bool
    fault: str | None = Field(description="Why the condition could not be judged, which counts as no.")
    outcome: Literal["would_do", "would_fail", "not_tried", "no_match", "gone"]
    actions: list[dict[str, Any]]
    error: str | None


class DryRun(BaseModel):
    """What would happen; nothing did."""

    looked_at: int
    matched: int
    items: list[DryRunItem]


class TriggerField(BaseModel):
    """A name that a condition may use."""

    name: str
    type: str


class Trigger(BaseModel):
    """A type of event that rules can begin with."""

    event_type: str
    description: str
    entity: str
    actions: list[str]
    fields: list[TriggerField]


class Triggers(BaseModel):
    """All of them."""

    items: list[Trigger]
