select
    source.tenant_id,
    stage.value ->> 'id' as stage_id,
    source.object_id as pipeline_id,
    stage.value ->> 'label' as stage_name,
    {{ try_integer("(stage.value ->> 'displayOrder')") }} as stage_position,
    {{ try_numeric("(stage.value -> 'metadata' ->> 'probability')") }}::double precision as win_rate,
    coalesce(stage.value -> 'metadata' ->> 'isClosed' = 'true', false) as is_closed,
    source.deleted_at is not null as is_deleted,
    stage.value as payload,
    {{ rejects('stage.value', [
        ['stage_position', "(stage.value ->> 'displayOrder')", 'integer'],
        ['win_rate', "(stage.value -> 'metadata' ->> 'probability')", 'numeric'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'pipelines') }} as source
cross join lateral jsonb_array_elements(
    case when jsonb_typeof(source.payload -> 'stages') = 'array' then source.payload -> 'stages' else '[]'::jsonb end
) as stage
where stage.value ->> 'id' is not null
