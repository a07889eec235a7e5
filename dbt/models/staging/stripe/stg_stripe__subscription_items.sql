select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as subscription_id,
    split_part(source.object_id, ':', 2) as subscription_item_id,
    object.price ->> 'id' as price_id,
    object.price ->> 'product' as product_id,
    coalesce({{ try_bigint('object.quantity') }}, 1) as quantity,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at as removed_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['quantity', 'object.quantity', 'bigint'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'subscription_items') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    quantity text,
    price jsonb
)
