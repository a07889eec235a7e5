{{
    config(
        meta={'change_log': ['tenant_id', 'refund_id']},
        indexes=[{'columns': ['tenant_id', 'refund_id'], 'unique': true}],
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
where not refund.is_deleted
