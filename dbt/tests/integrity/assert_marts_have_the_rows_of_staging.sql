{#- No join fans out or loses rows: tenant by tenant, a mart has as many rows as the current ones of its staging. -#}
{% set pairs = {
    'fct_lead': 'stg_operational__leads',
    'fct_touchpoint': 'stg_operational__touchpoints',
    'dim_campaign': 'stg_operational__campaigns',
    'fct_invoice': 'stg_stripe__invoices',
    'fct_charge': 'stg_stripe__charges',
    'fct_refund': 'stg_stripe__refunds',
    'fct_subscription': 'stg_stripe__subscriptions',
    'fct_credit_note': 'stg_stripe__credit_notes',
    'fct_dispute': 'stg_stripe__disputes',
    'fct_payment_intent': 'stg_stripe__payment_intents',
    'fct_checkout_session': 'stg_stripe__checkout_sessions',
    'dim_customer_tax_id': 'stg_stripe__tax_ids',
    'fct_payout': 'stg_stripe__payouts',
    'fct_balance_transaction': 'stg_stripe__balance_transactions',
    'fct_invoice_line': 'stg_stripe__invoice_lines',
    'fct_customer_value': 'stg_stripe__customers',
    'fct_email_subscriber': 'stg_kit__subscribers',
    'fct_broadcast': 'stg_kit__broadcasts',
    'ftr_lead': 'stg_operational__leads',
} %}
with counted as (
    {% for mart, staged in pairs.items() %}
        select '{{ mart }}' as mart, tenant_id, count(*) as mart_count, 0 as staged_count
        from {{ ref(mart) }}
        group by tenant_id
        union all
        select '{{ mart }}', tenant_id, 0, count(*)
        from {{ ref(staged) }}
        where not is_deleted and tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
        group by tenant_id
        union all
    {% endfor %}
    select 'fct_deal', tenant_id, count(*), 0
    from {{ ref('fct_deal') }}
    group by tenant_id
    union all
    select 'fct_deal', tenant_id, 0, count(*)
    from {{ ref('stg_operational__deals') }}
    where not is_deleted and tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
    group by tenant_id
    union all
    select 'fct_deal', tenant_id, 0, count(*)
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted and tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
    group by tenant_id
)

select mart, tenant_id, sum(mart_count) as mart_count, sum(staged_count) as staged_count
from counted
group by mart, tenant_id
having sum(mart_count) <> sum(staged_count)
