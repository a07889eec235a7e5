{{
    config(
        meta={'delta_key': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'kpi_date'], 'unique': true}],
    )
}}

{#-
  Each event brings its day, its measure and its amount; amounts come in the currency they were booked in.
  Recurring revenue is a level: its changes move a running total.
-#}
{% set counts = [
    'new_lead_count', 'qualified_lead_count', 'won_lead_count', 'lost_lead_count', 'touchpoint_count',
    'new_subscriber_count',
] %}
{% set sums = ['won_value_cents', 'spend_cents', 'invoiced_cents', 'paid_cents', 'refunded_cents'] %}
{% set levels = ['active_subscription_count', 'mrr_cents'] %}

with lead_moments as (
    select
        lead.tenant_id,
        moment.measure,
        {{ tenant_date('moment.happened_at', 'tenant.timezone') }} as kpi_date
    from {{ ref('fct_lead') }} as lead
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
    cross join lateral (
        values
        ('new_lead_count', lead.created_at),
        ('qualified_lead_count', lead.qualified_at),
        ('won_lead_count', lead.won_at),
        ('lost_lead_count', lead.lost_at)
    ) as moment (measure, happened_at)
    where moment.happened_at is not null and {{ is_changed('lead') }}
),

-- levels are told as their changes from day to day, so that they stand still after the last day with recurring revenue
recurring as (
    select
        mrr.tenant_id,
        mrr.mrr_date as kpi_date,
        mrr.currency,
        mrr.reporting_currency,
        mrr.closing_mrr_cents,
        mrr.reporting_mrr_cents,
        mrr.active_subscription_count
        - lag(mrr.active_subscription_count, 1, 0::bigint) over by_day as subscription_change,
        coalesce(mrr.reporting_mrr_cents, 0)
        - lag(coalesce(mrr.reporting_mrr_cents, 0), 1, 0::bigint) over by_day as reporting_change_cents
    from {{ ref('fct_mrr_daily') }} as mrr
    where {{ is_changed('mrr') }}
    window by_day as (partition by mrr.tenant_id, mrr.currency order by mrr.mrr_date)
),

events as (
    select tenant_id, kpi_date, measure, null::text as currency, count(*)::numeric as amount
    from lead_moments
    group by tenant_id, kpi_date, measure
    union all
    select touch.tenant_id, touch.occurred_date, 'touchpoint_count', null, count(*)
    from {{ ref('fct_touchpoint') }} as touch
    where {{ is_changed('touch') }}
    group by touch.tenant_id, touch.occurred_date
    union all
    select subscriber.tenant_id, subscriber.created_date, 'new_subscriber_count', null, count(*)
    from {{ ref('fct_email_subscriber') }} as subscriber
    where {{ is_changed('subscriber') }}
    group by subscriber.tenant_id, subscriber.created_date
    union all
    select
        conversion.tenant_id,
        conversion.converted_date,
        'won_value_cents',
        conversion.currency,
        sum(conversion.value_cents)
    from {{ ref('fct_conversion') }} as conversion
    where {{ is_changed('conversion') }}
    group by conversion.tenant_id, conversion.converted_date, conversion.currency
    union all
    select spend.tenant_id, spend.spend_date, 'spend_cents', spend.currency, sum(spend.spend_cents)
    from {{ ref('fct_campaign_spend_daily') }} as spend
    where {{ is_changed('spend') }}
    group by spend.tenant_id, spend.spend_date, spend.currency
    union all
    select invoice.tenant_id, invoice.created_date, 'invoiced_cents', invoice.currency, sum(invoice.total_cents)
    from {{ ref('fct_invoice') }} as invoice
    where invoice.is_finalised and {{ is_changed('invoice') }}
    group by invoice.tenant_id, invoice.created_date, invoice.currency
    union all
    select charge.tenant_id, charge.created_date, 'paid_cents', charge.currency, sum(charge.amount_cents)
    from {{ ref('fct_charge') }} as charge
    where charge.is_succeeded and {{ is_changed('charge') }}
    group by charge.tenant_id, charge.created_date, charge.currency
    union all
    select refund.tenant_id, refund.created_date, 'refunded_cents', refund.currency, sum(refund.amount_cents)
    from {{ ref('fct_refund') }} as refund
    where refund.is_succeeded and {{ is_changed('refund') }}
    group by refund.tenant_id, refund.created_date, refund.currency
    union all
    select tenant_id, kpi_date, 'active_subscription_count', null, sum(subscription_change)
    from recurring
    where subscription_change <> 0
    group by tenant_id, kpi_date
    union all
    select tenant_id, kpi_date, 'mrr_cents', reporting_currency, sum(reporting_change_cents)
    from recurring
    where reporting_change_cents <> 0
    group by tenant_id, kpi_date, reporting_currency
    union all
    -- no rate is known: counted below, and left out
    select tenant_id, kpi_date, 'mrr_cents', currency, closing_mrr_cents
    from recurring
    where closing_mrr_cents <> 0 and reporting_mrr_cents is null
),

converted as (
    select
        events.tenant_id,
        events.kpi_date,
        events.measure,
        case
            when events.measure like '%_cents'
                then events.amount * {{ reporting_rate('events.currency', 'tenant.currency') }}
            else events.amount
        end as amount,
        events.measure like '%_cents'
        and events.amount <> 0
        and {{ reporting_rate('events.currency', 'tenant.currency') }} is null as is_unconverted
    from events
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = events.tenant_id
    {{ join_rates('events.currency', 'tenant.currency', 'events.kpi_date') }}
    where events.kpi_date is not null
),

daily as (
    select
        tenant_id,
        kpi_date,
        {% for measure in counts + sums + levels %}
            sum(amount) filter (where measure = '{{ measure }}') as {{ measure }},
        {% endfor %}
        count(*) filter (where is_unconverted) as unconverted_count
    from converted
    group by tenant_id, kpi_date
),

bounds as (
    select
        tenant_id,
        min(kpi_date) as first_date,
        max(kpi_date) as last_date
    from daily
    group by tenant_id
),

days as (
    select
        tenant_id,
        first_date + day_number as kpi_date
    from bounds
    cross join lateral generate_series(0, least(last_date - first_date, 36524)) as day_number
)

select
    days.tenant_id,
    days.kpi_date,
    tenant.currency,
    {% for measure in counts + sums %}
        {{ to_bigint('coalesce(daily.' ~ measure ~ ', 0)') }} as {{ measure }},
    {% endfor %}
    {% for measure in levels %}
        {{ to_bigint(
            'sum(coalesce(daily.' ~ measure ~ ', 0)) over (partition by days.tenant_id order by days.kpi_date)'
        ) }} as {{ measure }},
    {% endfor %}
    coalesce(daily.unconverted_count, 0) as unconverted_count
from days
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = days.tenant_id
left join daily on daily.tenant_id = days.tenant_id and daily.kpi_date = days.kpi_date

{% call changed_keys() %}
    {{ tenants_of_changes([
        'fct_lead', 'fct_touchpoint', 'fct_email_subscriber', 'fct_conversion', 'fct_campaign_spend_daily',
        'fct_invoice', 'fct_charge', 'fct_refund', 'fct_mrr_daily',
    ], has_rates=true, columns={
        'fct_lead': ['lead_id', 'created_at', 'qualified_at', 'won_at', 'lost_at'],
        'fct_touchpoint': ['touchpoint_id', 'occurred_at'],
        'fct_email_subscriber': ['subscriber_id', 'created_date'],
        'fct_invoice': ['invoice_id', 'is_finalised', 'total_cents', 'currency', 'created_date'],
        'fct_charge': ['charge_id', 'is_succeeded', 'amount_cents', 'currency', 'created_date'],
    }) }}
{% endcall %}
