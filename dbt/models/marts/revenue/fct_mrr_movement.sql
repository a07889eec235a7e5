{{
    config(
        meta={'delta_key': ['tenant_id', 'customer_id'], 'change_log': ['tenant_id', 'customer_id']},
        indexes=[
            {'columns': ['tenant_id', 'customer_id', 'currency', 'movement_date'], 'unique': true},
            {'columns': ['tenant_id', 'movement_date']},
        ]
    )
}}

with steps as (
    select
        part.tenant_id,
        coalesce(part.customer_id, 'unknown') as customer_id,
        part.currency,
        bound.movement_date,
        sum(bound.change_cents) as change_cents
    from {{ ref('fct_subscription_interval') }} as part
    cross join lateral (
        values (part.valid_from_date, part.mrr_cents), (part.valid_to_date, -part.mrr_cents)
    ) as bound (movement_date, change_cents)
    where
        bound.movement_date is not null
        and part.currency is not null
        and {{ is_changed('part', {'customer_id': "coalesce(part.customer_id, 'unknown')"}) }}
    group by part.tenant_id, coalesce(part.customer_id, 'unknown'), part.currency, bound.movement_date
    having sum(bound.change_cents) <> 0
),

running as (
    select
        *,
        sum(change_cents) over (
            partition by tenant_id, customer_id, currency order by movement_date
        ) as closing_mrr_cents,
        row_number() over (partition by tenant_id, customer_id, currency order by movement_date) as number
    from steps
),

named as (
    select
        *,
        case
            when number = 1 then 'new'
            when closing_mrr_cents = 0 then 'churn'
            when closing_mrr_cents = change_cents then 'reactivation'
            when change_cents > 0 then 'expansion'
            else 'contraction'
        end as movement_type
    from running
)

select
    named.tenant_id,
    named.customer_id,
    named.currency,
    named.movement_date,
    named.movement_type,
    {{ to_bigint('named.closing_mrr_cents - named.change_cents') }} as opening_mrr_cents,
    {% for kind in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
        {{ to_bigint("case when named.movement_type = '" ~ kind ~ "' then named.change_cents else 0 end") }}
            as {{ kind }}_mrr_cents,
    {% endfor %}
    {{ to_bigint('named.closing_mrr_cents') }} as closing_mrr_cents,
    {{ to_bigint('named.change_cents * ' ~ reporting_rate('named.currency', 'tenant.currency')) }}
        as reporting_change_cents,
    tenant.currency as reporting_currency
from named
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = named.tenant_id
{{ join_rates('named.currency', 'tenant.currency', 'named.movement_date') }}

{% call changed_keys() %}
    select
        tenant_id,
        coalesce(customer_id, 'unknown') as customer_id
    from {{ changes(ref('fct_subscription_interval')) }} as part
    union all
    select
        built.tenant_id,
        built.customer_id
    from {{ this }} as built
    where exists (select from {{ changes(ref('int_exchange_rate_daily')) }} as rate)
{% endcall %}
