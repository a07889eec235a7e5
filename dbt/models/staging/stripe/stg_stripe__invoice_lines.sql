select
    source.tenant_id,
    source.object_id as invoice_id,
    line.id as invoice_line_id,
    coalesce(
        line.subscription,
        line.parent -> 'subscription_item_details' ->> 'subscription',
        line.parent -> 'invoice_item_details' ->> 'subscription'
    ) as subscription_id,
    coalesce(
        line.subscription_item, line.parent -> 'subscription_item_details' ->> 'subscription_item'
    ) as subscription_item_id,
    coalesce(line.pricing -> 'price_details' ->> 'price', line.price ->> 'id', line.plan ->> 'id') as price_id,
    coalesce(line.pricing -> 'price_details' ->> 'product', line.price ->> 'product') as product_id,
    coalesce(
        case line.parent ->> 'type'
            when 'subscription_item_details' then 'subscription'
            when 'invoice_item_details' then 'invoiceitem'
        end,
        line.type
    ) as line_type,
    coalesce(
        {{ try_boolean('line.proration') }},
        {{ try_boolean("(line.parent -> 'subscription_item_details' ->> 'proration')") }},
        {{ try_boolean("(line.parent -> 'invoice_item_details' ->> 'proration')") }},
        false
    ) as is_proration,
    line.description,
    {{ try_numeric('line.quantity') }} as quantity,
    {{ stripe_cents('line.amount', 'line.currency') }} as amount_cents,
    coalesce(discount.amount_cents, 0) as discount_cents,
    upper(line.currency) as currency,
    {{ try_epoch("(line.period ->> 'start')") }} as period_start_at,
    {{ try_epoch("(line.period ->> 'end')") }} as period_end_at,
    source.deleted_at is not null as is_deleted,
    element.value as payload,
    {{ rejects('element.value', [
        ['is_proration', "coalesce(line.proration, line.parent -> 'subscription_item_details' ->> 'proration', "
            ~ "line.parent -> 'invoice_item_details' ->> 'proration')", 'boolean'],
        ['quantity', 'line.quantity', 'numeric'],
        ['amount_cents', 'line.amount', 'bigint'],
        ['discount_cents', 'discount.untyped', 'bigint'],
        ['period_start_at', "(line.period ->> 'start')", 'epoch'],
        ['period_end_at', "(line.period ->> 'end')", 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'invoices') }} as source
cross join lateral {{ json_elements("source.payload -> 'lines' -> 'data'") }} as element
cross join lateral jsonb_to_record({{ json_object('element.value') }}) as line (
    id text,
    subscription text,
    subscription_item text,
    type text,
    description text,
    proration text,
    quantity text,
    amount text,
    currency text,
    period jsonb,
    price jsonb,
    plan jsonb,
    pricing jsonb,
    parent jsonb,
    discount_amounts jsonb
)
left join lateral (
    select
        sum({{ stripe_cents("(given.value ->> 'amount')", 'line.currency') }})::bigint as amount_cents,
        min(given.value ->> 'amount')
        filter (where {{ try_bigint("(given.value ->> 'amount')") }} is null) as untyped
    from {{ json_elements('line.discount_amounts') }} as given
) as discount on true
