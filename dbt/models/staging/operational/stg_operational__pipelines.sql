select
    source.tenant_id,
    source.id as pipeline_id,
    source.name as pipeline_name,
    source.is_default,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'pipelines') }} as source
