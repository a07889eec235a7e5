select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as tag_id,
    split_part(source.object_id, ':', 2) as subscriber_id,
    coalesce({{ try_timestamptz('object.tagged_at') }}, source.first_seen_at) as tagged_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['tagged_at', 'object.tagged_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'tag_subscribers') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    tagged_at text
)
