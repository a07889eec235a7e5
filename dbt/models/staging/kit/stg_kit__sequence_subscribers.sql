select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as sequence_id,
    split_part(source.object_id, ':', 2) as subscriber_id,
    coalesce({{ try_timestamptz("(source.payload ->> 'added_at')") }}, source.first_seen_at) as added_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['added_at', "(source.payload ->> 'added_at')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'sequence_subscribers') }} as source
