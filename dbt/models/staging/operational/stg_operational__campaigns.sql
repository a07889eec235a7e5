select
    source.tenant_id,
    source.id as campaign_id,
    source.name as campaign_name,
    {{ normalise_channel('source.channel') }} as channel,
    source.utm_campaign,
    source.status,
    source.budget_cents,
    upper(source.currency) as currency,
    source.starts_on as start_date,
    source.ends_on as end_date,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'campaigns') }} as source
