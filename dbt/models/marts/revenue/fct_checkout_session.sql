{{
    config(
        meta={'delta_key': ['tenant_id', 'checkout_session_id']},
        indexes=[{'columns': ['tenant_id', 'checkout_session_id'], 'unique': true}],
    )
}}

select
    checkout.tenant_id,
    checkout.checkout_session_id,
    checkout.customer_id,
    checkout.invoice_id,
    checkout.subscription_id,
    checkout.payment_intent_id,
    case
        when checkout.checkout_mode in ('payment', 'setup', 'subscription') then checkout.checkout_mode else 'unknown'
    end as checkout_mode,
    case when checkout.status in ('open', 'complete', 'expired') then checkout.status else 'unknown' end as status,
    coalesce(checkout.status = 'complete', false) as is_completed,
    case
        when checkout.payment_status in ('paid', 'unpaid', 'no_payment_required') then checkout.payment_status
        else 'unknown'
    end as payment_status,
    checkout.total_cents,
    checkout.currency,
    {{ tenant_date('checkout.created_at', 'tenant.timezone') }} as created_date,
    checkout.created_at,
    checkout.expires_at
from {{ ref('stg_stripe__checkout_sessions') }} as checkout
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = checkout.tenant_id
where not checkout.is_deleted and {{ is_changed('checkout') }}

{% call changed_keys() %}
    select
        tenant_id,
        checkout_session_id
    from {{ changes(ref('stg_stripe__checkout_sessions')) }} as checkout
{% endcall %}
