{{
    config(
        meta={'change_log': ['tenant_id', 'subscription_id', 'customer_id']},
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
        observed.parts,
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
        max(billing_months) over observation as billing_months,
        (array_agg(parts) filter (where parts is not null) over observation)[1] as parts
    from numbered
    window observation as (partition by tenant_id, subscription_id, observation)
),

in_force as (
    select
        held.tenant_id,
        held.subscription_id,
        held.moment,
        held.billing_months,
        discounts.discount_scope,
        discounts.price_id,
        discounts.product_ids,
        discounts.percent_off,
        discounts.amount_off_cents,
        bool_or(discounts.discount_scope = 'subscription') over (
            partition by held.tenant_id, held.subscription_id, held.moment
        ) as has_own
    from held
    inner join discounts
        on
            discounts.tenant_id = held.tenant_id
            and discounts.subscription_id = held.subscription_id
            and discounts.starts_at <= held.moment
            and coalesce(discounts.ends_at, 'infinity') > held.moment
),

-- a subscription's own discount takes the place of its customer's; those of items come before either
counting as (
    select
        *,
        row_number() over (partition by tenant_id, subscription_id, moment) as place
    from in_force
    where discount_scope <> 'customer' or not has_own
),

parts as (
    select
        held.tenant_id,
        held.subscription_id,
        held.moment,
        held.billing_months,
        part.place,
        part.value ->> 'price' as price_id,
        part.value -> 'product' as product_id,
        (part.value ->> 'list')::numeric as list_mrr_cents
    from held
    cross join lateral jsonb_array_elements(
        coalesce(held.parts, jsonb_build_array(jsonb_build_object('list', held.list_mrr_cents)))
    ) with ordinality as part (value, place)
    where held.is_counted
),

-- percentages multiply; a discount that is limited lowers the prices that it is limited to and no other
lowered_parts as (
    select
        parts.tenant_id,
        parts.subscription_id,
        parts.moment,
        parts.place,
        parts.product_id,
        greatest(
            max(parts.list_mrr_cents) * {{ discount_share("counting.discount_scope = 'item'") }}
            - coalesce(sum(counting.amount_off_cents) filter (where counting.discount_scope = 'item'), 0)
            / max(parts.billing_months),
            0
        ) * {{ discount_share("counting.discount_scope <> 'item'") }} as mrr_cents
    from parts
    left join counting
        on
            counting.tenant_id = parts.tenant_id
            and counting.subscription_id = parts.subscription_id
            and counting.moment = parts.moment
            and (counting.discount_scope <> 'item' or counting.price_id = parts.price_id)
            and (counting.product_ids is null or counting.product_ids @> parts.product_id)
    group by parts.tenant_id, parts.subscription_id, parts.moment, parts.place, parts.product_id
),

-- an amount comes off each bill, and takes no more than what it is limited to costs
amounts as (
    select
        counting.tenant_id,
        counting.subscription_id,
        counting.moment,
        counting.place,
        least(max(counting.amount_off_cents) / max(counting.billing_months), sum(part.mrr_cents)) as off_cents
    from counting
    inner join lowered_parts as part
        on
            part.tenant_id = counting.tenant_id
            and part.subscription_id = counting.subscription_id
            and part.moment = counting.moment
            and (counting.product_ids is null or counting.product_ids @> part.product_id)
    where counting.discount_scope <> 'item' and counting.amount_off_cents > 0
    group by counting.tenant_id, counting.subscription_id, counting.moment, counting.place
),

summed as (
    select
        tenant_id,
        subscription_id,
        moment,
        sum(mrr_cents) as mrr_cents
    from (
        select tenant_id, subscription_id, moment, mrr_cents
        from lowered_parts
        union all
        select tenant_id, subscription_id, moment, -off_cents
        from amounts
    ) as terms
    group by tenant_id, subscription_id, moment
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
        {{ to_bigint('greatest(coalesce(summed.mrr_cents, 0), 0)') }} as mrr_cents
    from held
    left join summed
        on
            summed.tenant_id = held.tenant_id
            and summed.subscription_id = held.subscription_id
            and summed.moment = held.moment
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
