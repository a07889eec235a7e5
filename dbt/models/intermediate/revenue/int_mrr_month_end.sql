{#- What each customer brought at the end of each month in which it brought anything; the current month ends now. -#}
with held as (
    select
        tenant_id,
        customer_id,
        currency,
        movement_date,
        closing_mrr_cents,
        lead(movement_date) over (
            partition by tenant_id, customer_id, currency order by movement_date
        ) as next_date
    from {{ ref('fct_mrr_movement') }}
)

select
    held.tenant_id,
    held.customer_id,
    held.currency,
    month.moment::date as month_date,
    least(
        (month.moment + interval '1 month')::date - 1, {{ tenant_date(as_of(), 'tenant.timezone') }}
    ) as end_date,
    held.closing_mrr_cents as mrr_cents
from held
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = held.tenant_id
cross join lateral generate_series(
    date_trunc('month', held.movement_date::timestamp),
    case
        when held.next_date is null
            then date_trunc('month', {{ as_of() }} at time zone tenant.timezone)
        else date_trunc('month', held.next_date::timestamp) - interval '1 month'
    end,
    interval '1 month'
) as month (moment)
where held.closing_mrr_cents > 0
