select
    source.tenant_id,
    source.id as application_data_id,
    source.app_name,
    source.data,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'application_data') }} as source
