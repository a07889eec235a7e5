{{
    config(
        meta={
            'change_log': [
                'tenant_id', 'subscription_id', 'customer_id', 'started_at', 'ended_at', 'created_at',
            ],
        },
        indexes=[{'columns': ['tenant_id', 'subscription_id'], 'unique': true}],
    )
}}

with priced as (
    select
        subscription.tenant_id,
        subscription.subscription_id,
        min(item.value -> 'price' ->> 'product') as product_id,
        min(item.value -> 'price' -> 'recurring' ->> 'interval') as billing_interval,
        count(*) as item_count,
        max({{ try_epoch("(item.value ->> 'current_period_start')") }}) as current_period_start_at,
        max({{ try_epoch("(item.value ->> 'current_period_end')") }}) as current_period_end_at
    from {{ ref('stg_stripe__subscriptions') }} as subscription
    cross join lateral {{ json_elements('subscription.items') }} as item
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
    coalesce(part.mrr_cents, 0) as mrr_cents,
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
left join {{ ref('fct_subscription_interval') }} as part
    on
        part.tenant_id = subscription.tenant_id
        and part.subscription_id = subscription.subscription_id
        and part.valid_to_at is null
left join {{ ref('stg_stripe__products') }} as product
    on product.tenant_id = priced.tenant_id and product.product_id = priced.product_id
where not subscription.is_deleted
