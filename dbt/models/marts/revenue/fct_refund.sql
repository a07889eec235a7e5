{{
    config(
        meta={'delta_key': ['tenant_id', 'refund_id'], 'change_log': ['tenant_id', 'refund_id', 'customer_id']},
        indexes=[
            {'columns': ['tenant_id', 'refund_id'], 'unique': true},
            {'columns': ['tenant_id', 'charge_id']},
        ],
    )
}}

select
    refund.tenant_id,
    refund.refund_id,
    refund.charge_id,
    charge.customer_id,
    charge.invoice_id,
    coalesce(refund.status, 'unknown') as status,
    coalesce(refund.status = 'succeeded', false) as is_succeeded,
    refund.reason,
    refund.amount_cents,
    refund.currency,
    {{ tenant_date('refund.created_at', 'tenant.timezone') }} as created_date,
    refund.created_at
from {{ ref('stg_stripe__refunds') }} as refund
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = refund.tenant_id
left join {{ ref('fct_charge') }} as charge
    on charge.tenant_id = refund.tenant_id and charge.charge_id = refund.charge_id
where not refund.is_deleted and {{ is_changed('refund') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__refunds']) }}
    union all
    select
        built.tenant_id,
        built.refund_id
    from {{ changes(ref('fct_charge')) }} as charge
    inner join {{ this }} as built on built.tenant_id = charge.tenant_id and built.charge_id = charge.charge_id
{% endcall %}
