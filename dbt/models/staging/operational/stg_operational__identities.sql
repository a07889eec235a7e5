select
    source.tenant_id,
    source.id as identity_id,
    nullif(btrim(source.anonymous_id), '') as anonymous_id,
    source.lead_id,
    source.contact_id,
    source.kind,
    source.value as identity_value,
    source.first_seen_at,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'identities') }} as source
