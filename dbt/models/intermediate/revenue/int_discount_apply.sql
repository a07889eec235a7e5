{#- Discounts that lower a subscription's MRR: those that recur, its own or its customer's, each with its time. -#}
with recurring as (
    select
        discount.tenant_id,
        discount.owner_id,
        discount.discount_id,
        coalesce(discount.percent_off, coupon.percent_off, 0) as percent_off,
        coalesce(discount.amount_off_cents, coupon.amount_off_cents, 0) as amount_off_cents,
        coalesce(discount.currency, coupon.currency) as currency,
        discount.starts_at,
        least(
            discount.ends_at,
            discount.removed_at,
            case
                when coalesce(discount.duration, coupon.duration) = 'repeating'
                    then
                        discount.starts_at
                        + make_interval(months => coalesce(discount.duration_months, coupon.duration_months, 0))
            end
        ) as ends_at
    from {{ ref('stg_stripe__discounts') }} as discount
    left join {{ ref('stg_stripe__coupons') }} as coupon
        on coupon.tenant_id = discount.tenant_id and coupon.coupon_id = discount.coupon_id
    where coalesce(discount.duration, coupon.duration) in ('forever', 'repeating')
),

-- two joins on equal keys: one join on either of them would compare each subscription with each discount of its tenant
owners as (
    select tenant_id, subscription_id, currency, subscription_id as owner_id, true as is_own
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
    union all
    select tenant_id, subscription_id, currency, customer_id, false
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
)

select
    owners.tenant_id,
    owners.subscription_id,
    recurring.discount_id,
    owners.is_own,
    recurring.percent_off,
    case when recurring.currency = owners.currency then recurring.amount_off_cents else 0 end as amount_off_cents,
    recurring.starts_at,
    recurring.ends_at
from owners
inner join recurring on recurring.tenant_id = owners.tenant_id and recurring.owner_id = owners.owner_id
