{#-
  Discounts that lower a subscription's MRR: those that recur, of one of its items, its own or its customer's, each with its
  time and with what it is limited to: a price (`price_id`), products (`product_ids`) or nothing.
-#}
with given as (
    select
        tenant_id,
        owner_id,
        discount_id,
        null::text as price_id,
        coupon_id,
        duration,
        duration_months,
        percent_off,
        amount_off_cents,
        currency,
        product_ids,
        starts_at,
        ends_at,
        removed_at
    from {{ ref('stg_stripe__discounts') }}
    union all
    -- those of items stand within the subscription as it is; one that was taken away leaves no trace
    select
        subscription.tenant_id,
        subscription.subscription_id as owner_id,
        discount.value ->> 'id' as discount_id,
        coalesce(item.value -> 'price' ->> 'id', item.value -> 'plan' ->> 'id') as price_id,
        coalesce(discount.value -> 'coupon' ->> 'id', discount.value -> 'source' ->> 'coupon') as coupon_id,
        discount.value -> 'coupon' ->> 'duration' as duration,
        {{ try_integer("(discount.value -> 'coupon' ->> 'duration_in_months')") }} as duration_months,
        {{ try_numeric("(discount.value -> 'coupon' ->> 'percent_off')") }} as percent_off,
        {{ stripe_cents(
            "(discount.value -> 'coupon' ->> 'amount_off')", "(discount.value -> 'coupon' ->> 'currency')"
        ) }} as amount_off_cents,
        upper(discount.value -> 'coupon' ->> 'currency') as currency,
        discount.value -> 'coupon' -> 'applies_to' -> 'products' as product_ids,
        coalesce({{ try_epoch("(discount.value ->> 'start')") }}, subscription.created_at) as starts_at,
        {{ try_epoch("(discount.value ->> 'end')") }} as ends_at,
        null::timestamptz as removed_at
    from {{ ref('stg_stripe__subscriptions') }} as subscription
    cross join lateral {{ json_elements('subscription.items') }} as item
    cross join lateral {{ json_elements("item.value -> 'discounts'") }} as discount
    where not subscription.is_deleted and discount.value ->> 'id' is not null
),

recurring as (
    select
        given.tenant_id,
        given.owner_id,
        given.discount_id,
        given.price_id,
        coalesce(given.product_ids, coupon.product_ids) as product_ids,
        coalesce(given.percent_off, coupon.percent_off, 0) as percent_off,
        coalesce(given.amount_off_cents, coupon.amount_off_cents, 0) as amount_off_cents,
        coalesce(given.currency, coupon.currency) as currency,
        given.starts_at,
        least(
            given.ends_at,
            given.removed_at,
            case
                when coalesce(given.duration, coupon.duration) = 'repeating'
                    then
                        given.starts_at
                        + make_interval(months => coalesce(given.duration_months, coupon.duration_months, 0))
            end
        ) as ends_at
    from given
    left join {{ ref('stg_stripe__coupons') }} as coupon
        on coupon.tenant_id = given.tenant_id and coupon.coupon_id = given.coupon_id
    where coalesce(given.duration, coupon.duration) in ('forever', 'repeating')
),

-- two joins on equal keys: one join on either of them would compare each subscription with each discount of its tenant
owners as (
    select tenant_id, subscription_id, currency, subscription_id as owner_id, true as is_own
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
    union all
    select tenant_id, subscription_id, currency, customer_id, false
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
)

select
    owners.tenant_id,
    owners.subscription_id,
    recurring.discount_id,
    case when recurring.price_id is not null then 'item' when owners.is_own then 'subscription' else 'customer' end
        as discount_scope,
    recurring.price_id,
    recurring.product_ids,
    recurring.percent_off,
    case when recurring.currency = owners.currency then recurring.amount_off_cents else 0 end as amount_off_cents,
    recurring.starts_at,
    recurring.ends_at
from owners
inner join recurring on recurring.tenant_id = owners.tenant_id and recurring.owner_id = owners.owner_id
