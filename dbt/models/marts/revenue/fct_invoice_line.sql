{{
    config(
        meta={'delta_key': ['tenant_id', 'invoice_id']},
        indexes=[
            {'columns': ['tenant_id', 'invoice_id', 'invoice_line_id'], 'unique': true},
            {'columns': ['tenant_id', 'subscription_id']},
        ]
    )
}}

select
    line.tenant_id,
    line.invoice_id,
    line.invoice_line_id,
    invoice.customer_id,
    line.subscription_id,
    line.price_id,
    line.product_id,
    invoice.status as invoice_status,
    invoice.is_finalised,
    coalesce(line.line_type, 'unknown') as line_type,
    line.is_proration,
    line.quantity::double precision as quantity,
    line.amount_cents,
    line.discount_cents,
    line.currency,
    line.period_start_at,
    line.period_end_at,
    {{ tenant_date('line.period_start_at', 'tenant.timezone') }} as period_start_date,
    {{ tenant_date('line.period_end_at', 'tenant.timezone') }} as period_end_date,
    invoice.created_date as invoice_date
from {{ ref('stg_stripe__invoice_lines') }} as line
inner join {{ ref('fct_invoice') }} as invoice
    on invoice.tenant_id = line.tenant_id and invoice.invoice_id = line.invoice_id
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = line.tenant_id
where not line.is_deleted and line.invoice_line_id is not null and {{ is_changed('line') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__invoices']) }}
{% endcall %}
