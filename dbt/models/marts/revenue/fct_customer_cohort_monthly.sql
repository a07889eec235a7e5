{{
    config(
        meta={'delta_key': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'cohort_month', 'month_number'], 'unique': true}],
    )
}}

with month_ends as (
    select month_end.* from {{ ref('int_mrr_month_end') }} as month_end
    where {{ is_changed('month_end') }}
),

members as (
    select
        tenant_id,
        customer_id,
        min(month_date) as cohort_month
    from month_ends
    group by tenant_id, customer_id
),

-- a cohort is valued at the rate of its first month's last day throughout, so that no exchange rate looks like loyalty
held as (
    select
        month_ends.tenant_id,
        members.cohort_month,
        month_ends.month_date,
        month_ends.customer_id,
        sum(month_ends.mrr_cents * {{ reporting_rate('month_ends.currency', 'tenant.currency') }}) as mrr_cents
    from month_ends
    inner join members
        on members.tenant_id = month_ends.tenant_id and members.customer_id = month_ends.customer_id
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = month_ends.tenant_id
    {{ join_rates(
        'month_ends.currency',
        'tenant.currency',
        "least((members.cohort_month + interval '1 month')::date - 1, " ~ tenant_date(as_of(), 'tenant.timezone') ~ ')'
    ) }}
    group by month_ends.tenant_id, members.cohort_month, month_ends.month_date, month_ends.customer_id
),

retained as (
    select
        tenant_id,
        cohort_month,
        month_date,
        count(*) as retained_customer_count,
        coalesce(sum(mrr_cents), 0) as mrr_cents
    from held
    group by tenant_id, cohort_month, month_date
),

paid as (
    select
        pay.tenant_id,
        members.cohort_month,
        date_trunc('month', pay.paid_date::timestamp)::date as month_date,
        sum(pay.reporting_cents) as net_paid_cents
    from {{ ref('int_customer_pay') }} as pay
    inner join members on members.tenant_id = pay.tenant_id and members.customer_id = pay.customer_id
    group by pay.tenant_id, members.cohort_month, date_trunc('month', pay.paid_date::timestamp)
),

cohorts as (
    select
        tenant_id,
        cohort_month,
        count(*) as customer_count
    from members
    group by tenant_id, cohort_month
),

months as (
    select
        cohorts.tenant_id,
        cohorts.cohort_month,
        cohorts.customer_count,
        tenant.currency,
        month.moment::date as month_date,
        (
            extract(year from age(month.moment, cohorts.cohort_month)) * 12
            + extract(month from age(month.moment, cohorts.cohort_month))
        )::integer as month_number
    from cohorts
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = cohorts.tenant_id
    cross join lateral generate_series(
        cohorts.cohort_month::timestamp,
        date_trunc('month', {{ as_of() }} at time zone tenant.timezone),
        interval '1 month'
    ) as month (moment)
),

-- payments from before the cohort's first month count with it
spent as (
    select
        tenant_id,
        cohort_month,
        greatest(month_date, cohort_month) as month_date,
        sum(net_paid_cents) as net_paid_cents
    from paid
    group by tenant_id, cohort_month, greatest(month_date, cohort_month)
)

select
    months.tenant_id,
    months.cohort_month,
    months.month_number,
    months.month_date,
    months.currency,
    months.customer_count,
    coalesce(retained.retained_customer_count, 0) as retained_customer_count,
    coalesce(retained.retained_customer_count, 0)::double precision / months.customer_count as logo_retention_rate,
    {{ to_bigint('coalesce(retained.mrr_cents, 0)') }} as mrr_cents,
    (
        coalesce(retained.mrr_cents, 0)
        / nullif(first_value(retained.mrr_cents) over by_cohort, 0)
    )::double precision as mrr_retention_rate,
    {{ to_bigint('coalesce(sum(spent.net_paid_cents) over by_cohort, 0)') }} as net_paid_cents,
    {{ to_bigint('coalesce(sum(spent.net_paid_cents) over by_cohort, 0) / months.customer_count') }}
        as net_paid_per_customer_cents
from months
left join retained
    on
        retained.tenant_id = months.tenant_id
        and retained.cohort_month = months.cohort_month
        and retained.month_date = months.month_date
left join spent
    on
        spent.tenant_id = months.tenant_id
        and spent.cohort_month = months.cohort_month
        and spent.month_date = months.month_date
window by_cohort as (partition by months.tenant_id, months.cohort_month order by months.month_date)

{% call changed_keys() %}
    {{ tenants_of_changes(
        ['fct_mrr_movement', 'fct_charge', 'fct_refund', 'fct_dispute'], ends_today=true, has_rates=true,
        columns={'fct_charge': [
            'charge_id', 'customer_id', 'is_succeeded', 'amount_cents', 'currency', 'created_date'
        ]}
    ) }}
{% endcall %}
