{#- Each movement opens where the one before closed, the first at nothing; the days and today's prices end at the same sum. -#}
with chained as (
    select
        *,
        lag(closing_mrr_cents, 1, 0::bigint) over (
            partition by tenant_id, customer_id, currency order by movement_date
        ) as former_closing_cents
    from {{ ref('fct_mrr_movement') }}
),

last_movement as (
    select
        tenant_id,
        currency,
        sum(closing_mrr_cents - opening_mrr_cents) as mrr_cents
    from {{ ref('fct_mrr_movement') }}
    group by tenant_id, currency
),

last_day as (
    select distinct on (tenant_id, currency)
        tenant_id,
        currency,
        closing_mrr_cents as mrr_cents,
        customer_count,
        active_subscription_count
    from {{ ref('fct_mrr_daily') }}
    order by tenant_id asc, currency asc, mrr_date desc
),

present as (
    select
        tenant_id,
        currency,
        sum(mrr_cents) as mrr_cents,
        count(*) filter (where list_mrr_cents > 0) as active_subscription_count,
        count(distinct coalesce(customer_id, 'unknown')) filter (where mrr_cents > 0) as customer_count
    from {{ ref('fct_subscription_interval') }}
    where valid_to_at is null
    group by tenant_id, currency
)

select tenant_id, currency, 'chain' as what, opening_mrr_cents as here_cents, former_closing_cents as there_cents
from chained
where opening_mrr_cents <> former_closing_cents
union all
select last_day.tenant_id, last_day.currency, 'movements', last_day.mrr_cents, last_movement.mrr_cents
from last_day
left join last_movement
    on last_movement.tenant_id = last_day.tenant_id and last_movement.currency = last_day.currency
where last_day.mrr_cents <> coalesce(last_movement.mrr_cents, 0)
union all
select last_day.tenant_id, last_day.currency, 'subscriptions', last_day.mrr_cents, present.mrr_cents
from last_day
left join present on present.tenant_id = last_day.tenant_id and present.currency = last_day.currency
where
    last_day.mrr_cents <> coalesce(present.mrr_cents, 0)
    or last_day.customer_count <> coalesce(present.customer_count, 0)
    or last_day.active_subscription_count <> coalesce(present.active_subscription_count, 0)
