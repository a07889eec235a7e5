{#- Each event that tells a subscription whole, and the subscription as it is, with its list price a month. -#}
with snapshots as (
    select
        tenant_id,
        subscription_id,
        event_id as snapshot_id,
        'event' as observed_by,
        happened_at as observed_at,
        case when event_type like '%.created' then 1 when event_type like '%.deleted' then 3 else 2 end as place,
        status,
        pause_behavior,
        items
    from {{ ref('stg_stripe__subscription_events') }}
    where not is_deleted and happened_at is not null
    union all
    select
        tenant_id,
        subscription_id,
        'now' as snapshot_id,
        'subscription' as observed_by,
        updated_at as observed_at,
        4 as place,
        status,
        pause_behavior,
        items
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
),

items as (
    select
        snapshots.tenant_id,
        snapshots.subscription_id,
        snapshots.snapshot_id,
        coalesce(item.value -> 'price' ->> 'id', item.value -> 'plan' ->> 'id') as price_id,
        coalesce(item.value -> 'price' -> 'product' ->> 'id', item.value -> 'price' ->> 'product') as product_id,
        coalesce(item.value -> 'price', '{}'::jsonb) as told,
        coalesce({{ try_numeric("(item.value ->> 'quantity')") }}, 1) as quantity,
        greatest(
            coalesce({{ try_numeric("(item.value -> 'price' -> 'transform_quantity' ->> 'divide_by')") }}, 1), 1
        ) as pack_size,
        item.place
    from snapshots
    cross join lateral {{ json_elements('snapshots.items') }} with ordinality as item (value, place)
),

-- graduated: each tier's own units at its own price; volume: all units at the price of the tier that they reach
tiers as (
    select
        price.tenant_id,
        price.price_id,
        price.tiers_mode,
        coalesce({{ try_numeric("(tier.value ->> 'up_to')") }}, 1e15) as up_to,
        coalesce(
            lag({{ try_numeric("(tier.value ->> 'up_to')") }}) over (
                partition by price.tenant_id, price.price_id order by tier.place
            ), 0
        ) as above,
        coalesce(
            {{ try_numeric("(tier.value ->> 'unit_amount_decimal')") }},
            {{ try_numeric("(tier.value ->> 'unit_amount')") }},
            0
        ) as unit_amount,
        coalesce({{ try_numeric("(tier.value ->> 'flat_amount')") }}, 0) as flat_amount
    from {{ ref('stg_stripe__prices') }} as price
    cross join lateral {{ json_elements('price.tiers') }} with ordinality as tier (value, place)
),

tiered as (
    select
        items.tenant_id,
        items.subscription_id,
        items.snapshot_id,
        items.place,
        sum(
            case
                when tiers.tiers_mode = 'volume' and items.quantity <= tiers.up_to
                    then items.quantity * tiers.unit_amount + tiers.flat_amount
                when tiers.tiers_mode <> 'volume'
                    then
                        (least(items.quantity, tiers.up_to) - tiers.above) * tiers.unit_amount + tiers.flat_amount
            end
        ) as amount_cents
    from items
    inner join tiers on tiers.tenant_id = items.tenant_id and tiers.price_id = items.price_id
    where items.quantity > tiers.above
    group by items.tenant_id, items.subscription_id, items.snapshot_id, items.place
),

priced as (
    select
        items.tenant_id,
        items.subscription_id,
        items.snapshot_id,
        items.price_id,
        items.product_id,
        {{ interval_months(
            "(items.told -> 'recurring' ->> 'interval')",
            try_numeric("(items.told -> 'recurring' ->> 'interval_count')")
        ) }} as billing_months,
        case when upper(items.told ->> 'currency') in ('ISK', 'UGX') then 0.01 else 1 end
        * case
            when items.told -> 'recurring' ->> 'usage_type' = 'metered' then 0
            when items.told ->> 'billing_scheme' = 'tiered' then tiered.amount_cents
            else
                coalesce(
                    {{ try_numeric("(items.told ->> 'unit_amount_decimal')") }},
                    {{ try_numeric("(items.told ->> 'unit_amount')") }}
                )
                * case items.told -> 'transform_quantity' ->> 'round'
                    when 'up' then ceil(items.quantity / items.pack_size)
                    when 'down' then floor(items.quantity / items.pack_size)
                    else items.quantity
                end
        end as amount_cents
    from items
    left join tiered
        on
            tiered.tenant_id = items.tenant_id
            and tiered.subscription_id = items.subscription_id
            and tiered.snapshot_id = items.snapshot_id
            and tiered.place = items.place
),

-- rounded once for each price, so that prices add up to their subscription and that to its customer
by_price as (
    select
        tenant_id,
        subscription_id,
        snapshot_id,
        price_id,
        max(product_id) as product_id,
        max(billing_months) as billing_months,
        round(coalesce(sum(amount_cents), 0) / max(billing_months)) as list_mrr_cents
    from priced
    where billing_months is not null
    group by tenant_id, subscription_id, snapshot_id, price_id
)

select
    snapshots.tenant_id,
    snapshots.subscription_id,
    snapshots.snapshot_id,
    snapshots.observed_by,
    snapshots.observed_at,
    snapshots.place,
    snapshots.status,
    coalesce(snapshots.status in ('active', 'past_due'), false)
    and coalesce(snapshots.pause_behavior, 'keep_as_draft') = 'keep_as_draft' as is_counted,
    coalesce(sum(by_price.list_mrr_cents), 0) as list_mrr_cents,
    coalesce(
        min(by_price.billing_months) filter (where by_price.list_mrr_cents > 0), 1
    ) as billing_months,
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'price', by_price.price_id, 'product', by_price.product_id, 'list', by_price.list_mrr_cents
            )
            order by by_price.price_id
        ) filter (where by_price.list_mrr_cents <> 0),
        '[]'::jsonb
    ) as parts
from snapshots
left join by_price
    on
        by_price.tenant_id = snapshots.tenant_id
        and by_price.subscription_id = snapshots.subscription_id
        and by_price.snapshot_id = snapshots.snapshot_id
group by
    snapshots.tenant_id,
    snapshots.subscription_id,
    snapshots.snapshot_id,
    snapshots.observed_by,
    snapshots.observed_at,
    snapshots.place,
    snapshots.status,
    snapshots.pause_behavior
