select
    source.tenant_id,
    source.id as stage_id,
    source.pipeline_id,
    source.name as stage_name,
    source.position as stage_position,
    source.probability as win_rate,
    source.is_won,
    source.is_lost,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'stages') }} as source
