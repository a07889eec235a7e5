"""Tables of automation and assignment in the operational database."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.crm import tenant_table
from serving.models.operational import metadata

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

assignment_rules = tenant_table(
    "assignment_rules",
    name=Text,
    entity=Text,
    position=Integer,
    is_enabled=Boolean,
    condition=Text,
    strategy=Text,
    user_ids=ARRAY(UUID()),
    most_open=Integer,
    fallback_user_id=UUID(),
)

assignment_turns = Table(
    "assignment_turns",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("rule_id", UUID, primary_key=True),
    Column("turn", BigInteger),
    Column("last_turns", JSONB),
)
