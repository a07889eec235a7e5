"""Tables of the operational database. Only the columns that the API uses."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(schema="app")
_TIME = DateTime(timezone=True)

tenants = Table(
    "tenants",
    metadata,
    Column("tenant_id", UUID),
    Column("id", UUID, primary_key=True),
    Column("name", Text),
    Column("domain", Text),
    Column("settings", JSONB),
    Column("status", Text),
    Column("created_at", _TIME),
)

users = Table(
    "users",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("email", Text),
    Column("full_name", Text),
    Column("role", Text),
    Column("password_hash", Text),
    Column("status", Text),
    Column("last_sign_in_at", _TIME),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("name", Text),
    Column("kind", Text),
    Column("secret_hash", LargeBinary),
    Column("scopes", ARRAY(Text)),
    Column("created_by", UUID),
    Column("created_at", _TIME),
    Column("expires_at", _TIME),
    Column("last_used_at", _TIME),
    Column("revoked_at", _TIME),
    Column("updated_at", _TIME),
)

leads = Table(
    "leads",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("contact_id", UUID),
    Column("company_id", UUID),
    Column("campaign_id", UUID),
    Column("owner_id", UUID),
    Column("anonymous_id", Text),
    Column("email", Text),
    Column("full_name", Text),
    Column("company_name", Text),
    Column("job_title", Text),
    Column("message", Text),
    Column("source", Text),
    Column("landing_page", Text),
    Column("country", Text),
    Column("language", Text),
    Column("industry", Text),
    Column("employee_count", Integer),
    Column("status", Text),
    Column("has_marketing_consent", Boolean),
    Column("value_cents", BigInteger),
    Column("currency", Text),
    Column("contacted_at", _TIME),
    Column("qualified_at", _TIME),
    Column("won_at", _TIME),
    Column("lost_at", _TIME),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

leads_without_people = leads.to_metadata(metadata, name="leads_without_people")
"""The same columns, with null for those that say who a lead is. The database decides who may read which."""

events = Table(
    "events",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("aggregate_type", Text),
    Column("aggregate_id", UUID),
    Column("event_type", Text),
    Column("schema_version", SmallInteger),
    Column("payload", JSONB),
    Column("trace_id", Text),
    Column("occurred_at", _TIME),
    Column("pos", BigInteger),
)

given_scores = Table(
    "given_scores",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("lead_id", UUID),
    Column("model_version", Text),
    Column("probability", Float(53)),
    Column("base_probability", Float(53)),
    Column("grade", Text),
    Column("reasons", JSONB),
    Column("features", JSONB),
    Column("features_from", Text),
    Column("asked_by", UUID),
    Column("given_at", _TIME),
)

lead_feedback = Table(
    "lead_feedback",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("lead_id", UUID),
    Column("verdict", Text),
    Column("comment", Text),
    Column("model_version", Text),
    Column("probability", Float(53)),
    Column("given_by", UUID),
    Column("given_at", _TIME),
)

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("connection_id", UUID, primary_key=True),
    Column("vendor", Text),
    Column("key_hash", LargeBinary),
    Column("previous_key_hash", LargeBinary),
    Column("previous_until", _TIME),
    Column("secrets_sealed", LargeBinary),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("actor_kind", Text),
    Column("actor_id", Text),
    Column("action", Text),
    Column("entity_type", Text),
    Column("entity_id", Text),
    Column("item_ids", ARRAY(UUID)),
    Column("item_count", Integer),
    Column("outcome", Text),
    Column("purpose", Text),
    Column("route", Text),
    Column("address", Text),
    Column("request_id", Text),
    Column("trace_id", Text),
    Column("details", JSONB),
    Column("occurred_at", _TIME),
    Column("recorded_by", Text),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("horizon", Text),
    Column("entry_ids", ARRAY(UUID)),
    Column("leaves", ARRAY(LargeBinary)),
    Column("root", LargeBinary),
    Column("previous", LargeBinary),
    Column("sealed_at", _TIME),
    Column("key_id", Text),
    Column("public_key", LargeBinary),
    Column("signature", LargeBinary),
)
