{{
    config(
        meta={'delta_key': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'month_date'], 'unique': true}],
    )
}}

with month_ends as (
    select month_end.* from {{ ref('int_mrr_month_end') }} as month_end
    where {{ is_changed('month_end') }}
),

firsts as (
    select
        tenant_id,
        customer_id,
        min(month_date) as first_month
    from month_ends
    group by tenant_id, customer_id
),

-- each month compares its two ends at one rate, that of the day before it, so that no exchange rate looks like growth
sides as (
    select tenant_id, customer_id, currency, month_date, 0::bigint as opening_cents, mrr_cents as closing_cents
    from month_ends
    union all
    select
        month_ends.tenant_id,
        month_ends.customer_id,
        month_ends.currency,
        (month_ends.month_date + interval '1 month')::date,
        month_ends.mrr_cents,
        0
    from month_ends
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = month_ends.tenant_id
    where month_ends.month_date < date_trunc('month', {{ as_of() }} at time zone tenant.timezone)::date
),

customers as (
    select
        sides.tenant_id,
        sides.customer_id,
        sides.month_date,
        sum(sides.opening_cents * {{ reporting_rate('sides.currency', 'tenant.currency') }}) as opening_cents,
        sum(sides.closing_cents * {{ reporting_rate('sides.currency', 'tenant.currency') }}) as closing_cents,
        count(*) filter (where {{ reporting_rate('sides.currency', 'tenant.currency') }} is null) as unconverted_count
    from sides
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = sides.tenant_id
    {{ join_rates('sides.currency', 'tenant.currency', 'sides.month_date - 1') }}
    group by sides.tenant_id, sides.customer_id, sides.month_date
),

compared as (
    select
        customers.tenant_id,
        customers.month_date,
        customers.unconverted_count,
        customers.opening_cents,
        customers.closing_cents,
        customers.closing_cents - customers.opening_cents as change_cents,
        case
            when customers.opening_cents = 0 and firsts.first_month = customers.month_date then 'new'
            when customers.opening_cents = 0 then 'reactivation'
            when customers.closing_cents = 0 then 'churn'
            when customers.closing_cents > customers.opening_cents then 'expansion'
            else 'contraction'
        end as movement_type
    from customers
    inner join firsts
        on firsts.tenant_id = customers.tenant_id and firsts.customer_id = customers.customer_id
),

months as (
    select
        tenant_id,
        month_date,
        {{ to_bigint('coalesce(sum(opening_cents), 0)') }} as opening_mrr_cents,
        {% for kind in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
            {{ to_bigint("coalesce(sum(change_cents) filter (where movement_type = '" ~ kind ~ "'), 0)") }}
                as {{ kind }}_mrr_cents,
        {% endfor %}
        count(*) filter (where opening_cents > 0) as opening_customer_count,
        count(*) filter (where closing_cents > 0) as closing_customer_count,
        {% for kind in ['new', 'churn', 'reactivation'] %}
            count(*) filter (where movement_type = '{{ kind }}') as {{ kind }}_customer_count,
        {% endfor %}
        sum(unconverted_count)::bigint as unconverted_count
    from compared
    group by tenant_id, month_date
),

-- the month's end at that day's rate is the next month's beginning
ended as (
    select
        month_ends.tenant_id,
        month_ends.month_date,
        {{ to_bigint(
            'coalesce(sum(month_ends.mrr_cents * ' ~ reporting_rate('month_ends.currency', 'tenant.currency') ~ '), 0)'
        ) }} as closing_mrr_cents
    from month_ends
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = month_ends.tenant_id
    {{ join_rates('month_ends.currency', 'tenant.currency', 'month_ends.end_date') }}
    group by month_ends.tenant_id, month_ends.month_date
),

followed as (
    select
        months.*,
        coalesce(ended.closing_mrr_cents, 0) as closing_mrr_cents,
        sum(months.churn_customer_count) over trailing_year as year_churn_count,
        sum(months.opening_customer_count) over trailing_year as year_customer_months
    from months
    left join ended on ended.tenant_id = months.tenant_id and ended.month_date = months.month_date
    window trailing_year as (
        partition by months.tenant_id
        order by months.month_date
        range between interval '11 months' preceding and current row
    )
)

select
    followed.tenant_id,
    followed.month_date,
    tenant.currency,
    followed.month_date < date_trunc('month', {{ as_of() }} at time zone tenant.timezone)::date as is_complete,
    followed.opening_mrr_cents,
    followed.new_mrr_cents,
    followed.expansion_mrr_cents,
    followed.contraction_mrr_cents,
    followed.churn_mrr_cents,
    followed.reactivation_mrr_cents,
    followed.closing_mrr_cents - followed.opening_mrr_cents - followed.new_mrr_cents - followed.expansion_mrr_cents
    - followed.contraction_mrr_cents - followed.churn_mrr_cents - followed.reactivation_mrr_cents
        as exchange_mrr_cents,
    followed.closing_mrr_cents,
    followed.opening_customer_count,
    followed.new_customer_count,
    followed.reactivation_customer_count as reactivated_customer_count,
    followed.churn_customer_count as churned_customer_count,
    followed.closing_customer_count,
    ((
        followed.opening_mrr_cents + followed.expansion_mrr_cents + followed.contraction_mrr_cents
        + followed.churn_mrr_cents
    )::double precision / nullif(followed.opening_mrr_cents, 0)) as nrr_rate,
    ((followed.opening_mrr_cents + followed.contraction_mrr_cents + followed.churn_mrr_cents)::double precision
    / nullif(followed.opening_mrr_cents, 0)) as grr_rate,
    followed.churn_customer_count::double precision / nullif(followed.opening_customer_count, 0) as logo_churn_rate,
    {{ to_bigint('followed.closing_mrr_cents::numeric / nullif(followed.closing_customer_count, 0)') }} as arpa_cents,
    -- what a customer brings a month over the share that leaves in a month of the last year
    case
        when followed.year_churn_count >= {{ var('ltv_least_churned_customers') }}
            then {{ to_bigint(
                'followed.closing_mrr_cents::numeric / nullif(followed.closing_customer_count, 0)'
                ' * followed.year_customer_months / followed.year_churn_count'
            ) }}
    end as ltv_cents,
    followed.unconverted_count
from followed
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = followed.tenant_id

{% call changed_keys() %}
    {{ tenants_of_changes(['fct_mrr_movement'], ends_today=true, has_rates=true) }}
{% endcall %}
