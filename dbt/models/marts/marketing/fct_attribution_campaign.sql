{{
    config(
        tags=['after_models'],
        indexes=[{'columns': ['tenant_id', 'model', 'channel', 'campaign_key'], 'unique': true}],
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
        coalesce(campaign.channel, lead.source, 'unknown'),
        lead.campaign_id,
        0,
        0,
        null,
        1
    from {{ ref('fct_lead') }} as lead
    inner join models on models.tenant_id = lead.tenant_id
    left join {{ ref('dim_campaign') }} as campaign
        on campaign.tenant_id = lead.tenant_id and campaign.campaign_id = lead.campaign_id
),

campaigns as (
    select
        tenant_id,
        model,
        channel,
        campaign_id,
        sum(conversions) as conversions,
        sum(reporting_value_cents) as reporting_value_cents,
        sum(spend_cents) as spend_cents,
        sum(lead_count) as lead_count
    from amounts
    group by tenant_id, model, channel, campaign_id
)

select
    credit.tenant_id,
    credit.model,
    credit.channel,
    coalesce(credit.campaign_id::text, 'none') as campaign_key,
    credit.campaign_id,
    campaign.campaign_name,
    tenant.currency as reporting_currency,
    credit.conversions,
    {{ to_bigint('credit.reporting_value_cents') }} as reporting_value_cents,
    {{ to_bigint('credit.spend_cents') }} as spend_cents,
    credit.lead_count,
    {{ marketing_ratios('credit') }},
    channel.conversions_low as channel_conversions_low,
    channel.conversions_high as channel_conversions_high
from campaigns as credit
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = credit.tenant_id
left join {{ ref('dim_campaign') }} as campaign
    on campaign.tenant_id = credit.tenant_id and campaign.campaign_id = credit.campaign_id
left join {{ source('ml', 'attribution_channel') }} as channel
    on
        channel.tenant_id = credit.tenant_id
        and channel.model = credit.model
        and channel.channel = credit.channel
        and channel.currency = tenant.currency
