select
    source.tenant_id,
    source.name as tenant_name,
    source.domain,
    source.status,
    source.settings,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'tenants') }} as source
