select
    source.tenant_id,
    source.id as deal_id,
    source.pipeline_id,
    source.stage_id,
    source.lead_id,
    source.contact_id,
    source.company_id,
    source.name as deal_name,
    source.amount_cents,
    upper(source.currency) as currency,
    source.status,
    source.expected_close_date,
    source.closed_at,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at
from {{ source('operational', 'deals') }} as source
