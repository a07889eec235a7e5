{{
    config(
        tags=['after_models'],
        indexes=[
            {'columns': ['tenant_id', 'model', 'month_date', 'channel', 'campaign_key'], 'unique': true},
        ],
    )
}}

with models as (
    select distinct
        tenant_id,
        model
    from {{ ref('fct_attribution_daily') }}
),

amounts as (
    select
        tenant_id,
        model,
        date_trunc('month', credit_date)::date as month_date,
        channel,
        campaign_id,
        conversions,
        reporting_value_cents,
        spend_cents,
        0 as lead_count
    from {{ ref('fct_attribution_daily') }}
    union all
    select
        lead.tenant_id,
        models.model,
        date_trunc('month', lead.created_date)::date as month_date,
        coalesce(campaign.channel, lead.source, 'unknown') as channel,
        lead.campaign_id,
        0 as conversions,
        0 as reporting_value_cents,
        null as spend_cents,
        1 as lead_count
    from {{ ref('fct_lead') }} as lead
    inner join models on models.tenant_id = lead.tenant_id
    left join {{ ref('dim_campaign') }} as campaign
        on campaign.tenant_id = lead.tenant_id and campaign.campaign_id = lead.campaign_id
),

monthly as (
    select
        tenant_id,
        model,
        month_date,
        channel,
        campaign_id,
        sum(conversions) as conversions,
        sum(reporting_value_cents) as reporting_value_cents,
        sum(spend_cents) as spend_cents,
        sum(lead_count) as lead_count
    from amounts
    group by tenant_id, model, month_date, channel, campaign_id
),

-- What a subscription brings in a month, at the last day that the month has.
subscriptions as (
    select distinct on (tenant_id, date_trunc('month', kpi_date))
        tenant_id,
        date_trunc('month', kpi_date)::date as month_date,
        mrr_cents::numeric / nullif(active_subscription_count, 0) as mrr_each_cents
    from {{ ref('kpi_tenant_daily') }}
    order by tenant_id asc, date_trunc('month', kpi_date) asc, kpi_date desc
)

select
    monthly.tenant_id,
    monthly.model,
    monthly.month_date,
    monthly.channel,
    coalesce(monthly.campaign_id::text, 'none') as campaign_key,
    monthly.campaign_id,
    campaign.campaign_name,
    tenant.currency as reporting_currency,
    monthly.conversions,
    {{ to_bigint('monthly.reporting_value_cents') }} as reporting_value_cents,
    {{ to_bigint('monthly.spend_cents') }} as spend_cents,
    monthly.lead_count,
    {{ marketing_ratios('monthly') }},
    (
        monthly.spend_cents / nullif(monthly.conversions, 0)::numeric / nullif(subscriptions.mrr_each_cents, 0)
    )::double precision as payback_months
from monthly
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = monthly.tenant_id
left join {{ ref('dim_campaign') }} as campaign
    on campaign.tenant_id = monthly.tenant_id and campaign.campaign_id = monthly.campaign_id
left join subscriptions
    on subscriptions.tenant_id = monthly.tenant_id and subscriptions.month_date = monthly.month_date
