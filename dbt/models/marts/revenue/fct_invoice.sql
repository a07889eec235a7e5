{{
    config(
        meta={
            'delta_key': ['tenant_id', 'invoice_id'],
            'change_log': [
                'tenant_id', 'invoice_id', 'subscription_id', 'is_finalised', 'total_cents', 'currency', 'paid_at',
                'created_date', 'created_at',
            ],
        },
        indexes=[
            {'columns': ['tenant_id', 'invoice_id'], 'unique': true},
            {'columns': ['tenant_id', 'created_at']},
        ],
    )
}}

select
    invoice.tenant_id,
    invoice.invoice_id,
    invoice.customer_id,
    invoice.subscription_id,
    invoice.invoice_number,
    case
        when invoice.status in ('draft', 'open', 'paid', 'uncollectible', 'void') then invoice.status
        else 'unknown'
    end as status,
    coalesce(invoice.status in ('open', 'paid', 'uncollectible'), false) as is_finalised,
    coalesce(invoice.total_cents, invoice.amount_due_cents) as total_cents,
    invoice.amount_due_cents,
    invoice.amount_paid_cents,
    invoice.currency,
    invoice.period_start_at,
    invoice.period_end_at,
    invoice.paid_at,
    {{ tenant_date('invoice.created_at', 'tenant.timezone') }} as created_date,
    invoice.created_at,
    greatest(invoice.synced_at, tenant.synced_at) as synced_at
from {{ ref('stg_stripe__invoices') }} as invoice
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = invoice.tenant_id
where not invoice.is_deleted and {{ is_changed('invoice') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__invoices']) }}
{% endcall %}
