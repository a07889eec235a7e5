"""Rules and their log as resources."""

from uuid import UUID

from serving.automation import schemas
from serving.automation.settling import settle_rule
from serving.models.automation import automation_rules, automation_runs
from serving.records.resource import Events, Resource
from tekup.contracts import automation_events as told

RULE = Resource(
    noun="automation rule",
    plural="automation_rules",
    permission="automation",
    table=automation_rules,
    read=schemas.Rule,
    create=schemas.RuleCreate,
    update=schemas.RuleUpdate,
    filters={"trigger": str, "is_enabled": bool},
    searched=("name", "description"),
    orders=("created_at", "updated_at", "name", "position"),
    settle=settle_rule,
    events=Events(
        created=lambda row: [told.AutomationRuleCreated(rule_id=row.id, trigger=row.trigger)],
        changed=lambda before, row, fields: [told.AutomationRuleChanged(rule_id=row.id, fields=fields)],
        deleted=lambda row: [told.AutomationRuleDeleted(rule_id=row.id)],
    ),
)

RUN = Resource(
    noun="automation run",
    plural="automation_runs",
    permission="automation",
    table=automation_runs,
    read=schemas.Run,
    create=schemas.RuleCreate,
    update=schemas.RuleUpdate,
    filters={"rule_id": UUID, "entity_id": UUID, "event_id": UUID, "outcome": str, "event_type": str},
)
"""Read only: nobody but the platform writes a run."""
