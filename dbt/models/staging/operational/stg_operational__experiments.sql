select
    source.tenant_id,
    source.id as experiment_id,
    source.name as experiment_name,
    source.hypothesis,
    source.status,
    source.variants,
    source.primary_metric,
    source.starts_at,
    source.ends_at,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'experiments') }} as source
