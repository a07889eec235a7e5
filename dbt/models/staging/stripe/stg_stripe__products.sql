select
    source.tenant_id,
    source.object_id as product_id,
    object.name as product_name,
    {{ try_boolean('object.active') }} as is_active,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(object.deleted = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['is_active', 'object.active', 'boolean'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'products') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    name text,
    active text,
    deleted text
)
