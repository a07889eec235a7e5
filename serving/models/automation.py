"""Tables of automation in the operational database."""

from sqlalchemy import Boolean, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.crm import tenant_table

automation_rules = tenant_table(
    "automation_rules",
    name=Text,
    description=Text,
    position=Integer,
    is_enabled=Boolean,
    trigger=Text,
    condition=Text,
    actions=JSONB(),
)

automation_runs = tenant_table(
    "automation_runs",
    rule_id=UUID(),
    event_id=UUID(),
    event_type=Text,
    entity_type=Text,
    entity_id=UUID(),
    outcome=Text,
    actions=JSONB(),
    error=Text,
    caused_by=UUID(),
    depth=SmallInteger,
    line=ARRAY(UUID()),
)
