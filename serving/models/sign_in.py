"""Tables of signing in: sessions, factors, roles, links, providers. Only the columns that the API uses."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from serving.models.operational import metadata

_TIME = DateTime(timezone=True)

sessions = Table(
    "sessions",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("user_id", UUID),
    Column("scopes", ARRAY(Text)),
    Column("methods", ARRAY(Text)),
    Column("authenticated_at", _TIME),
    Column("address", Text),
    Column("user_agent", Text),
    Column("started_at", _TIME),
    Column("last_used_at", _TIME),
    Column("expires_at", _TIME),
    Column("ended_at", _TIME),
    Column("end_reason", Text),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("session_id", UUID),
    Column("secret_hash", LargeBinary),
    Column("issued_at", _TIME),
    Column("expires_at", _TIME),
    Column("used_at", _TIME),
)

totp_factors = Table(
    "totp_factors",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("user_id", UUID, primary_key=True),
    Column("secret_sealed", LargeBinary),
    Column("pending_sealed", LargeBinary),
    Column("last_counter", BigInteger),
    Column("confirmed_at", _TIME),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("user_id", UUID),
    Column("code_hash", LargeBinary),
    Column("used_at", _TIME),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("user_id", UUID),
    Column("credential_id", LargeBinary),
    Column("public_key", LargeBinary),
    Column("sign_count", BigInteger),
    Column("name", Text),
    Column("is_backed_up", Boolean),
    Column("created_at", _TIME),
    Column("last_used_at", _TIME),
)

sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("kind", Text),
    Column("user_id", UUID),
    Column("secret_hash", LargeBinary),
    Column("data_sealed", LargeBinary),
    Column("attempts", Integer),
    Column("expires_at", _TIME),
    Column("used_at", _TIME),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("kind", Text),
    Column("user_id", UUID),
    Column("secret_hash", LargeBinary),
    Column("made_by", UUID),
    Column("created_at", _TIME),
    Column("expires_at", _TIME),
    Column("used_at", _TIME),
    Column("revoked_at", _TIME),
)

roles = Table(
    "roles",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("description", Text),
    Column("scopes", ARRAY(Text)),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

identity_providers = Table(
    "identity_providers",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("name", Text),
    Column("issuer", Text),
    Column("client_id", Text),
    Column("client_secret_sealed", LargeBinary),
    Column("default_role", Text),
    Column("is_enabled", Boolean),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

external_identities = Table(
    "external_identities",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("provider_id", UUID, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user_id", UUID),
    Column("linked_at", _TIME),
    Column("last_used_at", _TIME),
)
