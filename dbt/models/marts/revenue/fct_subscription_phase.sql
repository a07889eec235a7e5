{{ config(indexes=[{'columns': ['tenant_id', 'subscription_schedule_id', 'phase_number'], 'unique': true}]) }}

with phases as (
    select
        schedule.tenant_id,
        schedule.subscription_schedule_id,
        schedule.subscription_id,
        schedule.customer_id,
        schedule.status,
        schedule.end_behavior,
        schedule.phase_count,
        phase.place::integer as phase_number,
        {{ try_epoch("(phase.value ->> 'start_date')") }} as starts_at,
        {{ try_epoch("(phase.value ->> 'end_date')") }} as ends_at,
        phase.value -> 'items' as items
    from {{ ref('stg_stripe__subscription_schedules') }} as schedule
    cross join lateral {{ json_elements('schedule.phases') }} with ordinality as phase (value, place)
    where not schedule.is_deleted
),

items as (
    select
        phases.tenant_id,
        phases.subscription_schedule_id,
        phases.phase_number,
        item.place,
        coalesce(item.value -> 'price' ->> 'id', item.value ->> 'price', item.value ->> 'plan') as price_id,
        coalesce({{ try_numeric("(item.value ->> 'quantity')") }}, 1) as quantity
    from phases
    cross join lateral {{ json_elements('phases.items') }} with ordinality as item (value, place)
),

-- rounded once for each price, as the running subscriptions' MRR is; a price in tiers is not told
priced as (
    select
        items.tenant_id,
        items.subscription_schedule_id,
        items.phase_number,
        items.price_id,
        sum(items.quantity) as quantity,
        min(price.currency) as currency,
        bool_and(price.price_id is not null and coalesce(price.billing_scheme, 'per_unit') = 'per_unit') as is_told,
        round(
            sum(
                case
                    when price.is_metered then 0
                    else
                        items.quantity
                        * coalesce(
                            price.unit_amount_decimal * case when price.currency in ('ISK', 'UGX') then 0.01 else 1 end,
                            price.unit_amount_cents
                        )
                        / nullif({{ interval_months('price.billing_interval', 'price.billing_interval_count') }}, 0)
                end
            )
        ) as list_mrr_cents
    from items
    left join {{ ref('stg_stripe__prices') }} as price
        on price.tenant_id = items.tenant_id and price.price_id = items.price_id
    group by items.tenant_id, items.subscription_schedule_id, items.phase_number, items.price_id
),

summed as (
    select
        tenant_id,
        subscription_schedule_id,
        phase_number,
        min(currency) as currency,
        string_agg(quantity::text || ' x ' || coalesce(price_id, 'unknown'), ', ' order by price_id) as prices,
        case when bool_and(is_told) then sum(coalesce(list_mrr_cents, 0)) end as list_mrr_cents
    from priced
    group by tenant_id, subscription_schedule_id, phase_number
)

select
    phases.tenant_id,
    phases.subscription_schedule_id,
    phases.phase_number,
    phases.subscription_id,
    phases.customer_id,
    coalesce(phases.status, 'unknown') as status,
    phases.starts_at,
    phases.ends_at,
    {{ tenant_date('phases.starts_at', 'tenant.timezone') }} as starts_date,
    coalesce(phases.status in ('not_started', 'active') and phases.starts_at > {{ as_of() }}, false) as is_to_come,
    phases.phase_number = phases.phase_count and coalesce(phases.end_behavior = 'cancel', false)
        as is_end_of_subscription,
    summed.prices,
    {{ to_bigint('summed.list_mrr_cents') }} as list_mrr_cents,
    {{ to_bigint('summed.list_mrr_cents - lag(summed.list_mrr_cents) over (
        partition by phases.tenant_id, phases.subscription_schedule_id order by phases.phase_number
    )') }} as change_mrr_cents,
    summed.currency
from phases
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = phases.tenant_id
left join summed
    on
        summed.tenant_id = phases.tenant_id
        and summed.subscription_schedule_id = phases.subscription_schedule_id
        and summed.phase_number = phases.phase_number
