select
    source.tenant_id,
    source.id as campaign_spend_id,
    source.campaign_id,
    source.spend_date,
    source.amount_cents as spend_cents,
    upper(source.currency) as currency,
    source.impressions as impression_count,
    source.clicks as click_count,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'campaign_spend') }} as source
