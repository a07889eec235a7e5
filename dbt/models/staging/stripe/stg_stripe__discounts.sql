select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as owner_id,
    split_part(source.object_id, ':', 2) as discount_id,
    coalesce(object.coupon ->> 'id', object.source ->> 'coupon') as coupon_id,
    object.coupon ->> 'duration' as duration,
    {{ try_integer("(object.coupon ->> 'duration_in_months')") }} as duration_months,
    {{ try_numeric("(object.coupon ->> 'percent_off')") }} as percent_off,
    {{ stripe_cents("(object.coupon ->> 'amount_off')", "(object.coupon ->> 'currency')") }} as amount_off_cents,
    upper(object.coupon ->> 'currency') as currency,
    object.coupon -> 'applies_to' -> 'products' as product_ids,
    coalesce({{ try_epoch('object.start') }}, source.first_seen_at) as starts_at,
    {{ try_epoch('object."end"') }} as ends_at,
    source.deleted_at as removed_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['duration_months', "(object.coupon ->> 'duration_in_months')", 'integer'],
        ['percent_off', "(object.coupon ->> 'percent_off')", 'numeric'],
        ['amount_off_cents', "(object.coupon ->> 'amount_off')", 'bigint'],
        ['starts_at', 'object.start', 'epoch'],
        ['ends_at', 'object."end"', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'discounts') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    start text,
    "end" text,
    coupon jsonb,
    source jsonb
)
