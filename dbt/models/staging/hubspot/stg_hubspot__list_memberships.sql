select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as list_id,
    split_part(source.object_id, ':', 2) as member_id,
    coalesce(
        {{ try_timestamptz("(source.payload ->> 'membershipTimestamp')") }}, source.first_seen_at
    ) as joined_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['joined_at', "(source.payload ->> 'membershipTimestamp')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'list_memberships') }} as source
