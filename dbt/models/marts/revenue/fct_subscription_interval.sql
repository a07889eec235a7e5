{{
    config(
        indexes=[
            {'columns': ['tenant_id', 'subscription_id', 'valid_from_at'], 'unique': true},
            {'columns': ['tenant_id', 'customer_id']},
        ]
    )
}}

with observed as (
    select * from {{ ref('int_subscription_observe') }}
),

discounts as (
    select * from {{ ref('int_discount_apply') }}
),

lives as (
    select
        tenant_id,
        subscription_id,
        min(observed_at) as first_at
    from observed
    group by tenant_id, subscription_id
),

moments as (
    select tenant_id, subscription_id, observed_at as moment
    from observed
    union
    select discounts.tenant_id, discounts.subscription_id, bound.moment
    from discounts
    inner join lives
        on lives.tenant_id = discounts.tenant_id and lives.subscription_id = discounts.subscription_id
    cross join lateral (values (discounts.starts_at), (discounts.ends_at)) as bound (moment)
    where bound.moment > lives.first_at and bound.moment <= {{ as_of() }}
),

numbered as (
    select
        moments.tenant_id,
        moments.subscription_id,
        moments.moment,
        observed.observed_by,
        observed.is_counted,
        observed.list_mrr_cents,
        observed.billing_months,
        count(observed.observed_at) over (
            partition by moments.tenant_id, moments.subscription_id order by moments.moment
        ) as observation
    from moments
    left join observed
        on
            observed.tenant_id = moments.tenant_id
            and observed.subscription_id = moments.subscription_id
            and observed.observed_at = moments.moment
),

held as (
    select
        tenant_id,
        subscription_id,
        moment,
        max(observed_by) over observation as observed_by,
        bool_or(is_counted) over observation as is_counted,
        max(list_mrr_cents) over observation as list_mrr_cents,
        max(billing_months) over observation as billing_months
    from numbered
    window observation as (partition by tenant_id, subscription_id, observation)
),

-- a subscription's own discount takes the place of its customer's; percentages multiply, amounts come off each bill
lowered as (
    select
        held.tenant_id,
        held.subscription_id,
        held.moment,
        bool_or(discounts.is_own) as has_own,
        {% for own in ['discounts.is_own', 'not discounts.is_own'] %}
            {% set name = 'own' if loop.first else 'customer' %}
            case
                when bool_or(discounts.percent_off >= 100) filter (where {{ own }}) then 0
                else
                    round(
                        exp(sum(ln(1 - discounts.percent_off / 100.0)) filter (
                            where {{ own }} and discounts.percent_off < 100
                        )), 12
                    )
            end as {{ name }}_share,
            sum(discounts.amount_off_cents) filter (where {{ own }})
                as {{ name }}_amount_cents{{ ',' if not loop.last }}
        {% endfor %}
    from held
    inner join discounts
        on
            discounts.tenant_id = held.tenant_id
            and discounts.subscription_id = held.subscription_id
            and discounts.starts_at <= held.moment
            and coalesce(discounts.ends_at, 'infinity') > held.moment
    group by held.tenant_id, held.subscription_id, held.moment
),

valued as (
    select
        held.tenant_id,
        held.subscription_id,
        held.moment,
        held.observed_by,
        held.is_counted,
        {{ to_bigint('case when held.is_counted then held.list_mrr_cents else 0 end') }} as list_mrr_cents,
        held.billing_months,
        case
            when held.is_counted
                then {{ to_bigint("greatest(
                    held.list_mrr_cents
                    * coalesce(case when lowered.has_own then lowered.own_share else lowered.customer_share end, 1)
                    - coalesce(
                        case when lowered.has_own then lowered.own_amount_cents else lowered.customer_amount_cents end,
                        0
                    ) / held.billing_months,
                    0
                )") }}
            else 0
        end as mrr_cents
    from held
    left join lowered
        on
            lowered.tenant_id = held.tenant_id
            and lowered.subscription_id = held.subscription_id
            and lowered.moment = held.moment
),

states as (
    select
        *,
        row(is_counted, list_mrr_cents, mrr_cents, billing_months)::text as price_state
    from valued
),

changed as (
    select
        *,
        lag(price_state) over (partition by tenant_id, subscription_id order by moment) as former_state
    from states
),

bounded as (
    select
        *,
        lead(moment) over (partition by tenant_id, subscription_id order by moment) as next_moment
    from changed
    where former_state is distinct from price_state
)

select
    bounded.tenant_id,
    bounded.subscription_id,
    subscription.customer_id,
    bounded.moment as valid_from_at,
    bounded.next_moment as valid_to_at,
    {{ tenant_date('bounded.moment', 'tenant.timezone') }} as valid_from_date,
    {{ tenant_date('bounded.next_moment', 'tenant.timezone') }} as valid_to_date,
    bounded.is_counted,
    bounded.billing_months::double precision as billing_months,
    bounded.list_mrr_cents,
    bounded.list_mrr_cents - bounded.mrr_cents as discount_mrr_cents,
    bounded.mrr_cents,
    subscription.currency,
    bounded.observed_by
from bounded
inner join {{ ref('stg_stripe__subscriptions') }} as subscription
    on subscription.tenant_id = bounded.tenant_id and subscription.subscription_id = bounded.subscription_id
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = bounded.tenant_id
where bounded.is_counted or bounded.next_moment is not null or coalesce(subscription.status, '') <> 'canceled'
