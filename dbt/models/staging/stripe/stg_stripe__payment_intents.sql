select
    source.tenant_id,
    source.object_id as payment_intent_id,
    object.customer as customer_id,
    object.latest_charge as charge_id,
    object.status,
    {{ stripe_cents('object.amount', 'object.currency') }} as amount_cents,
    {{ stripe_cents('object.amount_received', 'object.currency') }} as received_cents,
    upper(object.currency) as currency,
    {{ try_boolean('object.livemode') }} as is_live,
    {{ try_epoch('object.canceled_at') }} as canceled_at,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['amount_cents', 'object.amount', 'bigint'],
        ['received_cents', 'object.amount_received', 'bigint'],
        ['is_live', 'object.livemode', 'boolean'],
        ['canceled_at', 'object.canceled_at', 'epoch'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'payment_intents') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    canceled_at text,
    customer text,
    latest_charge text,
    status text,
    currency text,
    livemode text,
    amount text,
    amount_received text
)
