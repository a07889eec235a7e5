select
    source.tenant_id,
    split_part(source.object_id, ':', 1) as deal_id,
    split_part(source.object_id, ':', 2) as contact_id,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'deal_contacts') }} as source
