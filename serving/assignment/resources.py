"""Rules of assignment as a resource."""

from serving.assignment import schemas
from serving.assignment.settling import settle_assignment_rule
from serving.models.automation import assignment_rules
from serving.records.resource import Events, Resource
from tekup.contracts import automation_events as told

ASSIGNMENT_RULE = Resource(
    noun="assignment rule",
    plural="assignment_rules",
    permission="automation",
    table=assignment_rules,
    read=schemas.AssignmentRule,
    create=schemas.AssignmentRuleCreate,
    update=schemas.AssignmentRuleUpdate,
    filters={"entity": schemas.Assigned, "is_enabled": bool},
    searched=("name",),
    orders=("created_at", "updated_at", "name", "position"),
    settle=settle_assignment_rule,
    events=Events(
        created=lambda row: [told.AssignmentRuleCreated(rule_id=row.id, entity=row.entity)],
        changed=lambda before, row, fields: [told.AssignmentRuleChanged(rule_id=row.id, fields=fields)],
        deleted=lambda row: [told.AssignmentRuleDeleted(rule_id=row.id)],
    ),
)
