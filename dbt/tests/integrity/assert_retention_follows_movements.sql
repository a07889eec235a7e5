{#- A month opens where the one before closed, and in the reporting currency itself its change is that of the days. -#}
with months as (
    select
        *,
        lag(closing_mrr_cents) over (partition by tenant_id order by month_date) as former_closing_cents,
        lag(month_date) over (partition by tenant_id order by month_date) as former_month
    from {{ ref('fct_revenue_retention_monthly') }}
),

moved as (
    select
        tenant_id,
        date_trunc('month', movement_date::timestamp)::date as month_date,
        sum(closing_mrr_cents - opening_mrr_cents) as change_cents
    from {{ ref('fct_mrr_movement') }}
    group by tenant_id, date_trunc('month', movement_date::timestamp)
),

one_currency as (
    select tenant_id
    from {{ ref('fct_mrr_movement') }}
    group by tenant_id
    having bool_and(currency = reporting_currency)
)

select months.tenant_id, months.month_date, months.opening_mrr_cents, months.former_closing_cents
from months
where
    months.former_month = (months.month_date - interval '1 month')::date
    and months.opening_mrr_cents <> months.former_closing_cents
union all
select months.tenant_id, months.month_date, months.closing_mrr_cents - months.opening_mrr_cents, moved.change_cents
from months
inner join one_currency on one_currency.tenant_id = months.tenant_id
left join moved on moved.tenant_id = months.tenant_id and moved.month_date = months.month_date
where
    months.closing_mrr_cents - months.opening_mrr_cents <> coalesce(moved.change_cents, 0)
    or months.exchange_mrr_cents <> 0
