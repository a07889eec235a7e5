{{
    config(
        meta={'delta_key': ['tenant_id'], 'change_log': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'mrr_date', 'currency'], 'unique': true}],
    )
}}

{% set kinds = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}

with customers as (
    select
        movement.tenant_id,
        movement.currency,
        movement.movement_date as mrr_date,
        {% for kind in kinds %}
            sum(movement.{{ kind }}_mrr_cents) as {{ kind }}_mrr_cents,
        {% endfor %}
        sum(movement.closing_mrr_cents - movement.opening_mrr_cents) as change_cents,
        count(*) filter (where movement.opening_mrr_cents = 0)
        - count(*) filter (where movement.closing_mrr_cents = 0) as customer_change,
        0::numeric as subscription_change
    from {{ ref('fct_mrr_movement') }} as movement
    where {{ is_changed('movement') }}
    group by movement.tenant_id, movement.currency, movement.movement_date
),

subscriptions as (
    select
        part.tenant_id,
        part.currency,
        bound.mrr_date,
        {% for kind in kinds %}
            0::numeric as {{ kind }}_mrr_cents,
        {% endfor %}
        0::numeric as change_cents,
        0::bigint as customer_change,
        sum(bound.subscription_change)::numeric as subscription_change
    from {{ ref('fct_subscription_interval') }} as part
    cross join lateral (
        values (part.valid_from_date, 1), (part.valid_to_date, -1)
    ) as bound (mrr_date, subscription_change)
    where
        bound.mrr_date is not null
        and part.currency is not null
        and part.list_mrr_cents > 0
        and {{ is_changed('part') }}
    group by part.tenant_id, part.currency, bound.mrr_date
),

both_sides as (
    select * from customers
    union all
    select * from subscriptions
),

changes as (
    select
        tenant_id,
        currency,
        mrr_date,
        {% for kind in kinds %}
            sum({{ kind }}_mrr_cents) as {{ kind }}_mrr_cents,
        {% endfor %}
        sum(change_cents) as change_cents,
        sum(customer_change) as customer_change,
        sum(subscription_change) as subscription_change
    from both_sides
    group by tenant_id, currency, mrr_date
),

days as (
    select
        spans.tenant_id,
        spans.currency,
        spans.first_date + day_number as mrr_date
    from (
        select
            changes.tenant_id,
            changes.currency,
            min(changes.mrr_date) as first_date,
            greatest(max(changes.mrr_date), {{ tenant_date(as_of(), 'tenant.timezone') }}) as last_date
        from changes
        inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = changes.tenant_id
        group by changes.tenant_id, changes.currency, tenant.timezone
    ) as spans
    cross join lateral generate_series(0, least(spans.last_date - spans.first_date, 36524)) as day_number
),

running as (
    select
        days.tenant_id,
        days.currency,
        days.mrr_date,
        {% for kind in kinds %}
            coalesce(changes.{{ kind }}_mrr_cents, 0) as {{ kind }}_mrr_cents,
        {% endfor %}
        coalesce(changes.change_cents, 0) as change_cents,
        sum(coalesce(changes.change_cents, 0)) over so_far as closing_mrr_cents,
        sum(coalesce(changes.customer_change, 0)) over so_far as customer_count,
        sum(coalesce(changes.subscription_change, 0)) over so_far as subscription_count
    from days
    left join changes
        on
            changes.tenant_id = days.tenant_id
            and changes.currency = days.currency
            and changes.mrr_date = days.mrr_date
    window so_far as (partition by days.tenant_id, days.currency order by days.mrr_date)
)

select
    running.tenant_id,
    running.mrr_date,
    running.currency,
    {{ to_bigint('running.closing_mrr_cents - running.change_cents') }} as opening_mrr_cents,
    {% for kind in kinds %}
        {{ to_bigint('running.' ~ kind ~ '_mrr_cents') }} as {{ kind }}_mrr_cents,
    {% endfor %}
    {{ to_bigint('running.closing_mrr_cents') }} as closing_mrr_cents,
    running.customer_count::bigint as customer_count,
    running.subscription_count::bigint as active_subscription_count,
    {{ to_bigint('running.closing_mrr_cents * ' ~ reporting_rate('running.currency', 'tenant.currency')) }}
        as reporting_mrr_cents,
    tenant.currency as reporting_currency
from running
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = running.tenant_id
{{ join_rates('running.currency', 'tenant.currency', 'running.mrr_date') }}

{% call changed_keys() %}
    {{ tenants_of_changes(['fct_mrr_movement', 'fct_subscription_interval'], ends_today=true, has_rates=true) }}
{% endcall %}
