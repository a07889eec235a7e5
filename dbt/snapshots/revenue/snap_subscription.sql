{% snapshot snap_subscription %}
    {{
        config(
            schema='intermediate',
            unique_key=['tenant_id', 'subscription_id'],
            strategy='check',
            check_cols=[
                'customer_id', 'status', 'pause_behavior', 'currency', 'prices', 'trial_end_at', 'canceled_at',
                'ended_at', 'is_canceled_at_period_end', 'subscription_schedule_id',
            ],
            hard_deletes='invalidate',
            post_hook="alter table {{ this }} alter tenant_id set not null",
        )
    }}
    select
        tenant_id,
        subscription_id,
        customer_id,
        status,
        pause_behavior,
        currency,
        (
            select
                string_agg(
                    coalesce(item.value ->> 'quantity', '1') || ' x '
                    || coalesce(item.value -> 'price' ->> 'id', item.value -> 'plan' ->> 'id', 'unknown'),
                    ', '
                    order by item.value -> 'price' ->> 'id', item.value ->> 'quantity'
                )
            from {{ json_elements('items') }} as item
        ) as prices,
        started_at,
        trial_end_at,
        canceled_at,
        ended_at,
        is_canceled_at_period_end,
        subscription_schedule_id,
        created_at
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
{% endsnapshot %}
