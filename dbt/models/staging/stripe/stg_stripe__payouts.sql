select
    source.tenant_id,
    source.object_id as payout_id,
    object.balance_transaction as balance_transaction_id,
    object.failure_balance_transaction as failure_balance_transaction_id,
    object.status,
    object.failure_code,
    {{ stripe_cents('object.amount', 'object.currency') }} as amount_cents,
    upper(object.currency) as currency,
    {{ try_boolean('object.livemode') }} as is_live,
    {{ try_epoch('object.arrival_date') }} as arrival_at,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['amount_cents', 'object.amount', 'bigint'],
        ['is_live', 'object.livemode', 'boolean'],
        ['arrival_at', 'object.arrival_date', 'epoch'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'payouts') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    arrival_date text,
    balance_transaction text,
    failure_balance_transaction text,
    failure_code text,
    status text,
    currency text,
    livemode text,
    amount text
)
