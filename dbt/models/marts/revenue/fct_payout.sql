{{
    config(
        meta={'delta_key': ['tenant_id', 'payout_id']},
        indexes=[{'columns': ['tenant_id', 'payout_id'], 'unique': true}],
    )
}}

select
    payout.tenant_id,
    payout.payout_id,
    payout.balance_transaction_id,
    case
        when payout.status in ('paid', 'pending', 'in_transit', 'canceled', 'failed') then payout.status
        else 'unknown'
    end as status,
    coalesce(payout.status in ('paid', 'pending', 'in_transit'), false) as is_withdrawn,
    payout.failure_code,
    payout.amount_cents,
    payout.currency,
    {{ tenant_date('payout.created_at', 'tenant.timezone') }} as created_date,
    {{ tenant_date('payout.arrival_at', 'tenant.timezone') }} as arrival_date,
    payout.created_at
from {{ ref('stg_stripe__payouts') }} as payout
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = payout.tenant_id
where not payout.is_deleted and {{ is_changed('payout') }}

{% call changed_keys() %}
    {{ keys_of_changes(['stg_stripe__payouts']) }}
{% endcall %}
