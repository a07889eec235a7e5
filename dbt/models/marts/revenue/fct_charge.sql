{{
    config(
        meta={'delta_key': ['tenant_id', 'charge_id']},
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
    coalesce(charge.status = 'succeeded', false) as is_succeeded,
    charge.amount_cents,
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
    select
        tenant_id,
        charge_id
    from {{ changes(ref('stg_stripe__charges')) }} as charge
{% endcall %}
