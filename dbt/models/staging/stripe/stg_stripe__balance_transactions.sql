select
    source.tenant_id,
    source.object_id as balance_transaction_id,
    object.source as source_id,
    object.type as entry_type,
    object.reporting_category,
    {{ stripe_cents('object.amount', 'object.currency') }} as amount_cents,
    {{ stripe_cents('object.fee', 'object.currency') }} as fee_cents,
    {{ stripe_cents('object.net', 'object.currency') }} as net_cents,
    upper(object.currency) as currency,
    {{ try_numeric('object.exchange_rate') }} as settlement_rate,
    object.status,
    {{ try_epoch('object.available_on') }} as available_at,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'balance_transactions') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    available_on text,
    source text,
    type text,
    reporting_category text,
    amount text,
    fee text,
    net text,
    currency text,
    exchange_rate text,
    status text
)
