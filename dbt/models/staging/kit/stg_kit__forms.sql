select
    source.tenant_id,
    source.object_id as form_id,
    object.name as form_name,
    object.type as form_type,
    coalesce({{ try_boolean('object.archived') }}, false) as is_archived,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['is_archived', 'object.archived', 'boolean'],
        ['created_at', 'object.created_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'forms') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    name text,
    type text,
    archived text,
    created_at text
)
