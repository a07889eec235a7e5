select
    source.tenant_id,
    source.object_id as price_id,
    object.product as product_id,
    upper(object.currency) as currency,
    {{ stripe_cents('object.unit_amount', 'object.currency') }} as unit_amount_cents,
    {{ try_numeric('object.unit_amount_decimal') }} as unit_amount_decimal,
    object.billing_scheme,
    object.tiers_mode,
    object.tiers,
    object.transform_quantity,
    coalesce(object.recurring ->> 'usage_type' = 'metered', false) as is_metered,
    object.recurring ->> 'interval' as billing_interval,
    {{ try_integer("(object.recurring ->> 'interval_count')") }} as billing_interval_count,
    {{ try_boolean('object.active') }} as is_active,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(object.deleted = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['unit_amount_cents', 'object.unit_amount', 'bigint'],
        ['unit_amount_decimal', 'object.unit_amount_decimal', 'numeric'],
        ['billing_interval_count', "(object.recurring ->> 'interval_count')", 'integer'],
        ['is_active', 'object.active', 'boolean'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'prices') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    product text,
    currency text,
    unit_amount text,
    unit_amount_decimal text,
    billing_scheme text,
    tiers_mode text,
    tiers jsonb,
    transform_quantity jsonb,
    active text,
    deleted text,
    recurring jsonb
)
