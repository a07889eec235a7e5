select
    source.tenant_id,
    source.object_id as pipeline_id,
    object.label as pipeline_name,
    {{ try_integer('object."displayOrder"') }} as pipeline_position,
    source.deleted_at is not null
    or coalesce(object.archived = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['pipeline_position', 'object."displayOrder"', 'integer'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'pipelines') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    label text,
    "displayOrder" text,
    archived text
)
