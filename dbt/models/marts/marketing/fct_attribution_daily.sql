{{
    config(
        tags=['after_models'],
        indexes=[
            {'columns': ['tenant_id', 'model', 'credit_date', 'channel', 'campaign_key', 'currency'], 'unique': true},
        ],
    )
}}

with models as (
    select distinct
        tenant_id,
        model
    from {{ source('ml', 'attribution_credit') }}
),

amounts as (
    select
        credit.tenant_id,
        credit.model,
        credit.converted_date as credit_date,
        credit.channel,
        credit.campaign_id,
        credit.currency,
        credit.conversions,
        credit.value_cents,
        credit.value_cents * {{ reporting_rate('credit.currency', 'tenant.currency') }} as reporting_value_cents,
        null::bigint as spend_cents
    from {{ source('ml', 'attribution_credit') }} as credit
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = credit.tenant_id
    {{ join_rates('credit.currency', 'tenant.currency', 'credit.converted_date') }}
    union all
    select
        spend.tenant_id,
        models.model,
        spend.spend_date,
        spend.channel,
        spend.campaign_id,
        tenant.currency,
        0,
        0,
        0,
        spend.reporting_spend_cents
    from {{ ref('fct_campaign_spend_daily') }} as spend
    inner join models on models.tenant_id = spend.tenant_id
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = spend.tenant_id
),

daily as (
    select
        tenant_id,
        model,
        credit_date,
        channel,
        campaign_id,
        currency,
        sum(conversions) as conversions,
        sum(value_cents) as value_cents,
        sum(reporting_value_cents) as reporting_value_cents,
        sum(spend_cents) as spend_cents
    from amounts
    group by tenant_id, model, credit_date, channel, campaign_id, currency
)

select
    daily.tenant_id,
    daily.model,
    daily.credit_date,
    daily.channel,
    coalesce(daily.campaign_id::text, 'none') as campaign_key,
    daily.campaign_id,
    campaign.campaign_name,
    daily.currency,
    daily.conversions,
    {{ to_bigint('daily.value_cents') }} as value_cents,
    {{ to_bigint('daily.reporting_value_cents') }} as reporting_value_cents,
    tenant.currency as reporting_currency,
    {{ to_bigint('daily.spend_cents') }} as spend_cents
from daily
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = daily.tenant_id
left join {{ ref('dim_campaign') }} as campaign
    on campaign.tenant_id = daily.tenant_id and campaign.campaign_id = daily.campaign_id
