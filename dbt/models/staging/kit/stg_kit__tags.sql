select
    source.tenant_id,
    source.object_id as tag_id,
    object.name as tag_name,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['created_at', 'object.created_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'tags') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    name text,
    created_at text
)
