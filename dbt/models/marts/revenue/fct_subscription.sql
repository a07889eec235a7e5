{{ config(indexes=[{'columns': ['tenant_id', 'subscription_id'], 'unique': true}]) }}

with priced as (
    select
        subscription.tenant_id,
        subscription.subscription_id,
        min(item.value -> 'price' ->> 'product') as product_id,
        min(item.value -> 'price' -> 'recurring' ->> 'interval') as billing_interval,
        count(*) as item_count,
        sum(
            {{ try_numeric("(item.value -> 'price' ->> 'unit_amount')") }}
            * coalesce({{ try_numeric("(item.value ->> 'quantity')") }}, 1)
            * case item.value -> 'price' -> 'recurring' ->> 'interval'
                when 'day' then 365.0 / 12
                when 'week' then 52.0 / 12
                when 'month' then 1
                when 'year' then 1.0 / 12
            end
            / greatest(
                coalesce({{ try_numeric("(item.value -> 'price' -> 'recurring' ->> 'interval_count')") }}, 1), 1
            )
        ) as monthly_cents,
        max({{ try_epoch("(item.value ->> 'current_period_start')") }}) as current_period_start_at,
        max({{ try_epoch("(item.value ->> 'current_period_end')") }}) as current_period_end_at
    from {{ ref('stg_stripe__subscriptions') }} as subscription
    cross join lateral jsonb_array_elements(
        case when jsonb_typeof(subscription.items) = 'array' then subscription.items else '[]'::jsonb end
    ) as item
    group by subscription.tenant_id, subscription.subscription_id
)

select
    subscription.tenant_id,
    subscription.subscription_id,
    subscription.customer_id,
    priced.product_id,
    product.product_name,
    coalesce(subscription.status, 'unknown') as status,
    coalesce(subscription.status in ('active', 'past_due'), false) as is_active,
    priced.billing_interval,
    coalesce(priced.item_count, 0) as item_count,
    {{ to_bigint('coalesce(priced.monthly_cents, 0)') }} as mrr_cents,
    subscription.currency,
    coalesce(subscription.started_at, subscription.created_at) as started_at,
    case
        when subscription.status in ('canceled', 'incomplete_expired')
            then coalesce(subscription.ended_at, subscription.canceled_at, subscription.updated_at)
    end as ended_at,
    subscription.canceled_at,
    coalesce(
        priced.current_period_start_at, {{ try_epoch('subscription.current_period_start') }}
    ) as current_period_start_at,
    coalesce(priced.current_period_end_at, {{ try_epoch('subscription.current_period_end') }}) as current_period_end_at,
    coalesce(subscription.status not in ('incomplete', 'incomplete_expired', 'trialing'), false) as is_paying_ever,
    subscription.created_at
from {{ ref('stg_stripe__subscriptions') }} as subscription
left join priced
    on priced.tenant_id = subscription.tenant_id and priced.subscription_id = subscription.subscription_id
left join {{ ref('stg_stripe__products') }} as product
    on product.tenant_id = priced.tenant_id and product.product_id = priced.product_id
where not subscription.is_deleted
