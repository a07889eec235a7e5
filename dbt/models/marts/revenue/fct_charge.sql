{{
    config(
        meta={
            'delta_key': ['tenant_id', 'charge_id'],
            'change_log': [
                'tenant_id', 'charge_id', 'customer_id', 'status', 'is_succeeded', 'amount_cents', 'currency',
                'created_date', 'created_at',
            ],
        },
        indexes=[
            {'columns': ['tenant_id', 'charge_id'], 'unique': true},
            {'columns': ['tenant_id', 'created_at']},
        ],
    )
}}

select
    charge.tenant_id,
    charge.charge_id,
    charge.customer_id,
    charge.invoice_id,
    case when charge.status in ('succeeded', 'pending', 'failed') then charge.status else 'unknown' end as status,
    -- an authorisation that waits for its capture has moved no money
    coalesce(charge.status = 'succeeded' and coalesce(charge.is_captured, true), false) as is_succeeded,
    case
        when charge.status = 'succeeded' and charge.is_captured
            then coalesce(charge.captured_cents, charge.amount_cents)
        else charge.amount_cents
    end as amount_cents,
    coalesce(charge.refunded_cents, 0) as refunded_cents,
    charge.currency,
    charge.failure_code,
    {{ tenant_date('charge.created_at', 'tenant.timezone') }} as created_date,
    charge.created_at,
    greatest(charge.synced_at, tenant.synced_at) as synced_at
from {{ ref('stg_stripe__charges') }} as charge
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = charge.tenant_id
where not charge.is_deleted and {{ is_changed('charge') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__charges']) }}
{% endcall %}
