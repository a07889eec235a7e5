select
    source.tenant_id,
    source.object_id as coupon_id,
    object.name as coupon_name,
    object.duration,
    {{ try_integer('object.duration_in_months') }} as duration_months,
    {{ try_numeric('object.percent_off') }} as percent_off,
    {{ stripe_cents('object.amount_off', 'object.currency') }} as amount_off_cents,
    upper(object.currency) as currency,
    object.applies_to -> 'products' as product_ids,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null
    or coalesce(object.deleted = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['duration_months', 'object.duration_in_months', 'integer'],
        ['percent_off', 'object.percent_off', 'numeric'],
        ['amount_off_cents', 'object.amount_off', 'bigint'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'coupons') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    name text,
    duration text,
    duration_in_months text,
    percent_off text,
    amount_off text,
    currency text,
    applies_to jsonb,
    deleted text
)
