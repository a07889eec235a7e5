{{
    config(
        meta={'delta_key': ['tenant_id', 'balance_transaction_id']},
        indexes=[
            {'columns': ['tenant_id', 'balance_transaction_id'], 'unique': true},
            {'columns': ['tenant_id', 'source_id']},
        ]
    )
}}

select
    entry.tenant_id,
    entry.balance_transaction_id,
    entry.source_id,
    coalesce(entry.entry_type, 'unknown') as entry_type,
    coalesce(entry.reporting_category, 'unknown') as reporting_category,
    entry.amount_cents,
    coalesce(entry.fee_cents, 0) as fee_cents,
    entry.net_cents,
    entry.currency,
    coalesce(entry.status = 'available', false) as is_available,
    {{ tenant_date('entry.created_at', 'tenant.timezone') }} as created_date,
    entry.created_at,
    entry.available_at
from {{ ref('stg_stripe__balance_transactions') }} as entry
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = entry.tenant_id
where not entry.is_deleted and {{ is_changed('entry') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__balance_transactions']) }}
{% endcall %}
