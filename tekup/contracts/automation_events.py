"""Types of events of automation. What an event type is stands in `events`."""

from uuid import UUID

from tekup.contracts.events import EventData


class AutomationRuleCreated(EventData):
    """A rule of automation was stored."""

    aggregate, scope = "automation_rule", "automation:read"
    rule_id: UUID
    trigger: str


class AutomationRuleChanged(EventData):
    """Fields of a rule of automation were set."""

    aggregate, scope = "automation_rule", "automation:read"
    rule_id: UUID
    fields: list[str]


class AutomationRuleDeleted(EventData):
    """A rule of automation was deleted, with its log."""

    aggregate, scope = "automation_rule", "automation:read"
    rule_id: UUID


class AutomationSignalled(EventData):
    """A rule of automation told the outside something about a record."""

    aggregate, scope = "automation_signal", "automation:read"
    signal: str
    rule_id: UUID
    run_id: UUID
    entity_type: str
    entity_id: UUID


class AssignmentRuleCreated(EventData):
    """A rule of assignment was stored."""

    aggregate, scope = "assignment_rule", "automation:read"
    rule_id: UUID
    entity: str


class AssignmentRuleChanged(EventData):
    """Fields of a rule of assignment were set."""

    aggregate, scope = "assignment_rule", "automation:read"
    rule_id: UUID
    fields: list[str]


class AssignmentRuleDeleted(EventData):
    """A rule of assignment was deleted."""

    aggregate, scope = "assignment_rule", "automation:read"
    rule_id: UUID
