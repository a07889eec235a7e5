"""Tables of the CRM in the operational database. Leads and users stand in `operational`."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Integer, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.operational import metadata

_TIME = DateTime(timezone=True)


def tenant_table(table_name: str, /, **columns: Any) -> Table:
    """A tenant's table with its key and its stamps."""
    keys = (Column("tenant_id", UUID, primary_key=True), Column("id", UUID, primary_key=True))
    stamps = (Column("created_at", _TIME), Column("updated_at", _TIME))
    return Table(table_name, metadata, *keys, *(Column(column, kind) for column, kind in columns.items()), *stamps)


companies = tenant_table(
    "companies",
    name=Text,
    domain=Text,
    industry=Text,
    employee_count=Integer,
    country=Text,
    city=Text,
    parent_id=UUID(),
    owner_id=UUID(),
    tags=ARRAY(Text),
    custom=JSONB(),
)

contacts = tenant_table(
    "contacts",
    company_id=UUID(),
    email=Text,
    first_name=Text,
    last_name=Text,
    phone=Text,
    job_title=Text,
    language=Text,
    lifecycle_stage=Text,
    has_marketing_consent=Boolean,
    owner_id=UUID(),
    tags=ARRAY(Text),
    custom=JSONB(),
)

contacts_without_people = contacts.to_metadata(metadata, name="contacts_without_people")
"""The same columns, with null for those that say who a contact is. The database decides who may read which."""

pipelines = tenant_table("pipelines", name=Text, is_default=Boolean)

stages = tenant_table(
    "stages",
    pipeline_id=UUID(),
    name=Text,
    position=SmallInteger,
    probability=Float(53),
    is_won=Boolean,
    is_lost=Boolean,
)

deals = tenant_table(
    "deals",
    pipeline_id=UUID(),
    stage_id=UUID(),
    lead_id=UUID(),
    contact_id=UUID(),
    company_id=UUID(),
    name=Text,
    amount_cents=BigInteger,
    currency=Text,
    status=Text,
    expected_close_date=Date,
    closed_at=_TIME,
    owner_id=UUID(),
    tags=ARRAY(Text),
    custom=JSONB(),
)

activities = tenant_table(
    "activities",
    kind=Text,
    lead_id=UUID(),
    contact_id=UUID(),
    deal_id=UUID(),
    subject=Text,
    body=Text,
    outcome=Text,
    duration_seconds=Integer,
    occurred_at=_TIME,
    owner_id=UUID(),
    due_at=_TIME,
    completed_at=_TIME,
)

campaigns = tenant_table(
    "campaigns",
    name=Text,
    channel=Text,
    utm_campaign=Text,
    status=Text,
    budget_cents=BigInteger,
    currency=Text,
    starts_on=Date,
    ends_on=Date,
)

campaign_spend = tenant_table(
    "campaign_spend",
    campaign_id=UUID(),
    spend_date=Date,
    amount_cents=BigInteger,
    currency=Text,
    impressions=BigInteger,
    clicks=BigInteger,
)

custom_fields = tenant_table(
    "custom_fields",
    entity=Text,
    name=Text,
    label=Text,
    kind=Text,
    choices=ARRAY(Text),
    is_required=Boolean,
)

touchpoints = tenant_table(
    "touchpoints",
    anonymous_id=Text,
    lead_id=UUID(),
    contact_id=UUID(),
    campaign_id=UUID(),
    kind=Text,
    channel=Text,
    utm_source=Text,
    utm_medium=Text,
    utm_campaign=Text,
    utm_content=Text,
    utm_term=Text,
    landing_page=Text,
    referrer=Text,
    device=Text,
    occurred_at=_TIME,
)

identities = tenant_table("identities", lead_id=UUID(), contact_id=UUID())

record_merges = Table(
    "record_merges",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("entity", Text),
    Column("kept_id", UUID),
    Column("merged_id", UUID),
    Column("merged_record", JSONB),
    Column("filled", JSONB),
    Column("moved", JSONB),
    Column("merged_by", UUID),
    Column("merged_at", _TIME),
    Column("undone_at", _TIME),
)
