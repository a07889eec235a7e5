select
    source.tenant_id,
    source.object_id as sequence_id,
    object.name as sequence_name,
    coalesce({{ try_boolean('object.hold') }}, false) as is_on_hold,
    coalesce({{ try_boolean('object.repeat') }}, false) as is_repeated,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['is_on_hold', 'object.hold', 'boolean'],
        ['is_repeated', 'object.repeat', 'boolean'],
        ['created_at', 'object.created_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'sequences') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    name text,
    hold text,
    repeat text,
    created_at text
)
