{{
    config(
        meta={'change_log': ['tenant_id', 'campaign_id']},
        indexes=[{'columns': ['tenant_id', 'campaign_id'], 'unique': true}],
    )
}}

select
    tenant_id,
    campaign_id,
    campaign_name,
    channel,
    utm_campaign,
    status,
    budget_cents,
    currency,
    start_date,
    end_date,
    created_at
from {{ ref('stg_operational__campaigns') }}
where not is_deleted
