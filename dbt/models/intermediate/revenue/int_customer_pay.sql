{#- Money that came from a customer and went back: payments, less refunds, less disputes that are not won. -#}
with moves as (
    select
        tenant_id,
        customer_id,
        charge_id as move_id,
        created_date as paid_date,
        currency,
        amount_cents,
        'paid' as kind
    from {{ ref('fct_charge') }}
    where is_succeeded
    union all
    select tenant_id, customer_id, refund_id, created_date, currency, -amount_cents, 'refunded'
    from {{ ref('fct_refund') }}
    where is_succeeded
    union all
    select tenant_id, customer_id, dispute_id, created_date, currency, -amount_cents, 'disputed'
    from {{ ref('fct_dispute') }}
    where is_withdrawn
)

select
    moves.tenant_id,
    moves.customer_id,
    moves.move_id,
    moves.paid_date,
    moves.currency,
    moves.kind,
    moves.amount_cents,
    moves.amount_cents * {{ reporting_rate('moves.currency', 'tenant.currency') }} as reporting_cents,
    tenant.currency as reporting_currency
from moves
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = moves.tenant_id
{{ join_rates('moves.currency', 'tenant.currency', 'moves.paid_date') }}
where moves.amount_cents <> 0
