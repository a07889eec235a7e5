{{
    config(
        materialized='table',
        indexes=[{'columns': ['currency', 'rate_date'], 'unique': true}],
        meta={'delta_key': ['currency', 'rate_date'], 'change_log': ['currency', 'rate_date']},
    )
}}

with named as (
    select
        rate.currency,
        rate.rate_date,
        rate.units_per_euro,
        lead(rate.rate_date) over (partition by rate.currency order by rate.rate_date) as next_date
    from {{ source('ecb', 'exchange_rates') }} as rate
    {%- if is_delta() %}
    where
        -- all that could stand in for a changed day
        exists (
            select
            from changed_key
            where
                changed_key.currency = rate.currency
                and changed_key.rate_date between rate.rate_date and rate.rate_date + {{ var('rate_carried_days') }}
        )
    {%- endif %}
),

carried as (
    select
        named.currency,
        named.rate_date + day_number as rate_date,
        named.units_per_euro
    from named
    cross join lateral generate_series(
        0,
        least(
            coalesce(named.next_date - named.rate_date - 1, {{ var('rate_carried_days') }}),
            {{ var('rate_carried_days') }}
        )
    ) as day_number
),

pegged as (
    select
        currency.currency,
        day.moment::date as rate_date,
        currency.pegged_units_per_euro as units_per_euro
    from {{ ref('currency') }} as currency
    cross join lateral generate_series(
        {%- if is_delta() %}
        greatest(currency.pegged_from, (select min(rate_date) from changed_key))::timestamp,
        least(
            coalesce(currency.pegged_until, {{ as_of() }}::date + 366), (select max(rate_date) from changed_key)
        )::timestamp,
        {%- else %}
        currency.pegged_from::timestamp,
        coalesce(currency.pegged_until, {{ as_of() }}::date + 366)::timestamp,
        {%- endif %}
        interval '1 day'
    ) as day (moment)
    where currency.pegged_units_per_euro is not null
)

select
    coalesce(carried.currency, pegged.currency) as currency,
    coalesce(carried.rate_date, pegged.rate_date) as rate_date,
    coalesce(carried.units_per_euro, pegged.units_per_euro) as units_per_euro,
    trim_scale(
        coalesce(carried.units_per_euro, pegged.units_per_euro)
        * power(10::numeric, coalesce(currency.minor_digits, 2))
    ) as minor_per_euro,
    carried.units_per_euro is null as is_pegged
from carried
full join pegged on pegged.currency = carried.currency and pegged.rate_date = carried.rate_date
left join {{ ref('currency') }} as currency on currency.currency = coalesce(carried.currency, pegged.currency)
where {{ is_changed('rate', {
    'currency': 'coalesce(carried.currency, pegged.currency)',
    'rate_date': 'coalesce(carried.rate_date, pegged.rate_date)',
}) }}

{% call changed_keys() %}
    select
        rate.currency,
        rate.rate_date + day_number as rate_date
    from {{ source('ecb', 'exchange_rates') }} as rate
    cross join generate_series(0, {{ var('rate_carried_days') }}) as day_number
    where ops.is_written_since(rate.xmin, {{ tenant_table__last_seen() }})
    union all
    -- a peg holds until a year from now: each day brings one more
    select
        currency.currency,
        built.built_at::date + 366 + day_number as rate_date
    from {{ ref('currency') }} as currency
    inner join ops.mart_build as built on built.model = 'int_exchange_rate_daily'
    cross join lateral generate_series(1, {{ as_of() }}::date - built.built_at::date) as day_number
    where currency.pegged_units_per_euro is not null and currency.pegged_until is null
{% endcall %}
