"""Tables of forms in the operational database."""

from sqlalchemy import Boolean, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models.crm import tenant_table

forms = tenant_table(
    "forms",
    name=Text,
    public_key=Text,
    is_enabled=Boolean,
    fields=JSONB(),
    consents=JSONB(),
    consent_version=Integer,
    origins=ARRAY(Text),
    source=Text,
    campaign_id=UUID(),
    thanks=Text,
    redirect_url=Text,
    min_seconds=Integer,
    work_bits=Integer,
    most_an_hour=Integer,
)

form_submissions = tenant_table(
    "form_submissions",
    form_id=UUID(),
    verdict=Text,
    reason=Text,
    challenge=Text,
    lead_id=UUID(),
    touchpoint_id=UUID(),
    answers=JSONB(),
    consent_version=Integer,
    consents=JSONB(),
    consented_at=DateTime(timezone=True),
)
