select
    source.tenant_id,
    source.id as activity_id,
    source.kind,
    source.lead_id,
    source.contact_id,
    source.deal_id,
    source.subject,
    source.body,
    source.outcome,
    source.duration_seconds,
    source.occurred_at,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'activities') }} as source
