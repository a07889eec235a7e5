select
    source.tenant_id,
    source.object_id as charge_id,
    object.customer as customer_id,
    object.invoice as invoice_id,
    object.status,
    upper(object.currency) as currency,
    {{ try_bigint('object.amount') }} as amount_cents,
    {{ try_bigint('object.amount_refunded') }} as refunded_cents,
    object.failure_code,
    object.balance_transaction as balance_transaction_id,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'charges') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    customer text,
    invoice text,
    status text,
    currency text,
    amount text,
    amount_refunded text,
    paid text,
    failure_code text,
    balance_transaction text
)
