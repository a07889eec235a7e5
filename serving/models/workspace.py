"""Tables of saved views, files and rules of naming in the operational database."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.crm import tenant_table
from serving.models.operational import metadata

saved_views = tenant_table(
    "saved_views",
    name=Text,
    list=Text,
    filters=JSONB(),
    sort=Text,
    columns=ARRAY(Text),
    is_shared=Boolean,
    owner_id=UUID(),
)

files = tenant_table(
    "files",
    name=Text,
    media_type=Text,
    size_bytes=BigInteger,
    sha256=Text,
    storage_url=Text,
    description=Text,
    lead_id=UUID(),
    contact_id=UUID(),
    company_id=UUID(),
    deal_id=UUID(),
    activity_id=UUID(),
    owner_id=UUID(),
)

utm_rules = Table(
    "utm_rules",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("sources", ARRAY(Text)),
    Column("mediums", ARRAY(Text)),
    Column("separator", Text),
    Column("parts", JSONB),
    Column("updated_at", DateTime(timezone=True)),
)
