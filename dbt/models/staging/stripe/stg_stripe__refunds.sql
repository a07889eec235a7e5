select
    source.tenant_id,
    source.object_id as refund_id,
    object.charge as charge_id,
    object.status,
    upper(object.currency) as currency,
    {{ stripe_cents('object.amount', 'object.currency') }} as amount_cents,
    object.reason,
    object.balance_transaction as balance_transaction_id,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['amount_cents', 'object.amount', 'bigint'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'refunds') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    charge text,
    status text,
    currency text,
    amount text,
    reason text,
    balance_transaction text
)
