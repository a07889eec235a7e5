select
    source.tenant_id,
    source.object_id as checkout_session_id,
    object.customer as customer_id,
    object.invoice as invoice_id,
    object.subscription as subscription_id,
    object.payment_intent as payment_intent_id,
    object.mode as checkout_mode,
    object.status,
    object.payment_status,
    {{ stripe_cents('object.amount_total', 'object.currency') }} as total_cents,
    upper(object.currency) as currency,
    {{ try_boolean('object.livemode') }} as is_live,
    {{ try_epoch('object.expires_at') }} as expires_at,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'checkout_sessions') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    expires_at text,
    customer text,
    invoice text,
    subscription text,
    payment_intent text,
    mode text,
    status text,
    payment_status text,
    currency text,
    livemode text,
    amount_total text
)
