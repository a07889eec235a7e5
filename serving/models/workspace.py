"""Tables of saved views and files in the operational database."""

from sqlalchemy import BigInteger, Boolean, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.crm import tenant_table

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
