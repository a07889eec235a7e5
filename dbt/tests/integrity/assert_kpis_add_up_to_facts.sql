{#- The daily figures are the facts counted by day: their sums agree tenant by tenant. -#}
with daily as (
    select
        tenant_id,
        sum(new_lead_count) as new_lead_count,
        sum(won_lead_count) as won_lead_count,
        sum(touchpoint_count) as touchpoint_count,
        sum(new_subscriber_count) as new_subscriber_count
    from {{ ref('kpi_tenant_daily') }}
    group by tenant_id
)

select
    tenant.tenant_id,
    daily.new_lead_count,
    daily.won_lead_count,
    daily.touchpoint_count,
    daily.new_subscriber_count
from {{ ref('dim_tenant') }} as tenant
left join daily on daily.tenant_id = tenant.tenant_id
where
    coalesce(daily.new_lead_count, 0)
    <> (select count(*) from {{ ref('fct_lead') }} as lead where lead.tenant_id = tenant.tenant_id)
    or coalesce(daily.won_lead_count, 0) <> (
        select count(*) from {{ ref('fct_lead') }} as lead
        where lead.tenant_id = tenant.tenant_id and lead.won_at is not null
    )
    or coalesce(daily.touchpoint_count, 0)
    <> (select count(*) from {{ ref('fct_touchpoint') }} as touch where touch.tenant_id = tenant.tenant_id)
    or coalesce(daily.new_subscriber_count, 0) <> (
        select count(*) from {{ ref('fct_email_subscriber') }} as subscriber
        where subscriber.tenant_id = tenant.tenant_id
    )
