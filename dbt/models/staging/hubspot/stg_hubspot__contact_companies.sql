select
    source.tenant_id,
    split_part(source.object_id, ':', 1) as contact_id,
    split_part(source.object_id, ':', 2) as company_id,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'contact_companies') }} as source
