{{
    config(
        materialized='table',
        indexes=[{'columns': ['currency', 'rate_date'], 'unique': true}],
        meta={'change_log': ['currency', 'rate_date']},
    )
}}

with named as (
    select
        currency,
        rate_date,
        units_per_euro,
        lead(rate_date) over (partition by currency order by rate_date) as next_date
    from {{ source('ecb', 'exchange_rates') }}
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
        currency.pegged_from::timestamp,
        coalesce(currency.pegged_until, {{ as_of() }}::date + 366)::timestamp,
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
