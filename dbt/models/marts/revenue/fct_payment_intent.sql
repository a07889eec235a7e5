{{
    config(
        meta={'delta_key': ['tenant_id', 'payment_intent_id']},
        indexes=[{'columns': ['tenant_id', 'payment_intent_id'], 'unique': true}],
    )
}}

select
    intent.tenant_id,
    intent.payment_intent_id,
    intent.customer_id,
    intent.charge_id,
    case
        when
            intent.status in (
                'requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture', 'processing',
                'succeeded', 'canceled'
            )
            then intent.status
        else 'unknown'
    end as status,
    coalesce(intent.status = 'succeeded', false) as is_succeeded,
    intent.amount_cents,
    coalesce(intent.received_cents, 0) as received_cents,
    intent.currency,
    {{ tenant_date('intent.created_at', 'tenant.timezone') }} as created_date,
    intent.created_at,
    intent.canceled_at
from {{ ref('stg_stripe__payment_intents') }} as intent
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = intent.tenant_id
where not intent.is_deleted and {{ is_changed('intent') }}

{% call changed_keys() %}
    select
        tenant_id,
        payment_intent_id
    from {{ changes(ref('stg_stripe__payment_intents')) }} as intent
{% endcall %}
