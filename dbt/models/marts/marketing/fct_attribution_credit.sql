{{
    config(
        tags=['after_models'],
        indexes=[{'columns': ['tenant_id', 'model', 'channel', 'currency'], 'unique': true}],
    )
}}

with spend as (
    select
        tenant_id,
        channel,
        sum(reporting_spend_cents)::numeric as spend_cents
    from {{ ref('fct_campaign_spend_daily') }}
    group by tenant_id, channel
),

-- each day's value at that day's rate; one day without a rate leaves the whole unknown
worth as (
    select
        credit.tenant_id,
        credit.model,
        credit.channel,
        credit.currency,
        case
            when
                bool_and(
                    credit.value_cents = 0 or {{ reporting_rate('credit.currency', 'tenant.currency') }} is not null
                )
                then coalesce(sum(credit.value_cents * {{ reporting_rate('credit.currency', 'tenant.currency') }}), 0)
        end as reporting_value_cents
    from {{ source('ml', 'attribution_credit') }} as credit
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = credit.tenant_id
    {{ join_rates('credit.currency', 'tenant.currency', 'credit.converted_date') }}
    group by credit.tenant_id, credit.model, credit.channel, credit.currency
),

credit as (
    select
        credit.*,
        tenant.currency as reporting_currency,
        worth.reporting_value_cents,
        count(*) over (partition by credit.tenant_id, credit.model, credit.channel) as currency_count,
        sum(worth.reporting_value_cents)
            over (partition by credit.tenant_id, credit.model, credit.channel) as channel_value_cents
    from {{ source('ml', 'attribution_channel') }} as credit
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = credit.tenant_id
    left join worth
        on
            worth.tenant_id = credit.tenant_id
            and worth.model = credit.model
            and worth.channel = credit.channel
            and worth.currency = credit.currency
),

shared as (
    select
        credit.*,
        spend.spend_cents * case
            when credit.channel_value_cents > 0
                then coalesce(credit.reporting_value_cents, 0) / credit.channel_value_cents
            else 1.0 / credit.currency_count
        end as spend_cents
    from credit
    left join spend on spend.tenant_id = credit.tenant_id and spend.channel = credit.channel
)

select
    tenant_id,
    model,
    channel,
    currency,
    conversions,
    value_cents,
    {{ to_bigint('reporting_value_cents') }} as reporting_value_cents,
    reporting_currency,
    {{ to_bigint('spend_cents') }} as spend_cents,
    (reporting_value_cents / nullif(spend_cents, 0))::double precision as roas_rate,
    {{ to_bigint('spend_cents / nullif(conversions, 0)::numeric') }} as cost_per_conversion_cents,
    lookback_days,
    computed_at,
    conversions_low,
    conversions_high,
    value_cents_low,
    value_cents_high
from shared
