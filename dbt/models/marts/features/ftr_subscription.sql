{{
    config(
        meta={'delta_key': ['tenant_id', 'subscription_id']},
        indexes=[{'columns': ['tenant_id', 'subscription_id', 'as_of_at'], 'unique': true}],
    )
}}

{#- A subscription is looked at once a month of its life, so that one customer does not teach a hundred times. -#}
{% set most_months = 24 %}

-- a label is ripe by how far the tenant's data reach, never by the clock, so that old data can be replayed
with moments as (
    select
        subscription.tenant_id,
        subscription.subscription_id,
        subscription.customer_id,
        subscription.product_name,
        subscription.billing_interval,
        subscription.started_at,
        subscription.ended_at,
        reach.revenue_until as data_until,
        moment.as_of_at,
        bool_or(moment.is_current) as is_current
    from {{ ref('fct_subscription') }} as subscription
    inner join {{ ref('int_tenant_reach') }} as reach on reach.tenant_id = subscription.tenant_id
    cross join lateral (
        select
            subscription.started_at + make_interval(months => month.number) as as_of_at,
            false as is_current
        from generate_series(1, {{ most_months }}) as month (number)
        union all
        select
            reach.revenue_until as as_of_at,
            subscription.is_active as is_current
    ) as moment
    where
        subscription.is_paying_ever
        and {{ is_changed('subscription') }}
        and moment.as_of_at >= subscription.started_at
        and moment.as_of_at <= reach.revenue_until
        and moment.as_of_at < least(
            coalesce(subscription.ended_at, 'infinity'), coalesce(subscription.canceled_at, 'infinity')
        )
    group by
        subscription.tenant_id,
        subscription.subscription_id,
        subscription.customer_id,
        subscription.product_name,
        subscription.billing_interval,
        subscription.started_at,
        subscription.ended_at,
        reach.revenue_until,
        moment.as_of_at
),

priced as (
    select
        moment.tenant_id,
        moment.subscription_id,
        moment.as_of_at,
        max(part.mrr_cents) filter (
            where moment.as_of_at < coalesce(part.valid_to_at, 'infinity')
        ) as mrr_cents,
        max(part.discount_mrr_cents) filter (
            where moment.as_of_at < coalesce(part.valid_to_at, 'infinity')
        ) as discount_mrr_cents,
        count(*) - 1 as price_change_count,
        (array_agg(part.mrr_cents order by part.valid_from_at))[1] as first_mrr_cents
    from moments as moment
    inner join {{ ref('fct_subscription_interval') }} as part
        on
            part.tenant_id = moment.tenant_id
            and part.subscription_id = moment.subscription_id
            and part.valid_from_at <= moment.as_of_at
    group by moment.tenant_id, moment.subscription_id, moment.as_of_at
),

billed as (
    select
        moment.tenant_id,
        moment.subscription_id,
        moment.as_of_at,
        count(*) filter (where invoice.paid_at <= moment.as_of_at) as paid_invoice_count,
        count(*) filter (where coalesce(invoice.paid_at, 'infinity') > moment.as_of_at) as open_invoice_count,
        avg(extract(epoch from invoice.paid_at - invoice.created_at) / 86400.0) filter (
            where invoice.paid_at <= moment.as_of_at
        ) as mean_days_to_pay
    from moments as moment
    inner join {{ ref('fct_invoice') }} as invoice
        on
            invoice.tenant_id = moment.tenant_id
            and invoice.subscription_id = moment.subscription_id
            and invoice.is_finalised
            and invoice.created_at <= moment.as_of_at
    group by moment.tenant_id, moment.subscription_id, moment.as_of_at
),

charged as (
    select
        moment.tenant_id,
        moment.subscription_id,
        moment.as_of_at,
        count(*) filter (where charge.status = 'failed') as failed_charge_count_180d,
        count(*) filter (
            where charge.status = 'failed' and charge.created_at > moment.as_of_at - interval '35 days'
        ) as failed_charge_count_35d
    from moments as moment
    inner join {{ ref('fct_charge') }} as charge
        on
            charge.tenant_id = moment.tenant_id
            and charge.customer_id = moment.customer_id
            and charge.created_at <= moment.as_of_at
            and charge.created_at > moment.as_of_at - interval '180 days'
    group by moment.tenant_id, moment.subscription_id, moment.as_of_at
),

others as (
    select
        moment.tenant_id,
        moment.subscription_id,
        moment.as_of_at,
        count(*) filter (where coalesce(other.ended_at, 'infinity') > moment.as_of_at) as other_active_count,
        count(*) filter (where other.ended_at <= moment.as_of_at) as other_ended_count
    from moments as moment
    inner join {{ ref('fct_subscription') }} as other
        on
            other.tenant_id = moment.tenant_id
            and other.customer_id = moment.customer_id
            and other.subscription_id <> moment.subscription_id
            and other.started_at <= moment.as_of_at
    group by moment.tenant_id, moment.subscription_id, moment.as_of_at
)

select
    moment.tenant_id,
    moment.subscription_id,
    moment.as_of_at,
    moment.is_current,
    coalesce(moment.product_name, 'unknown') as product_name,
    coalesce(moment.billing_interval, 'unknown') as billing_interval,
    (
        extract(year from age(moment.as_of_at, moment.started_at)) * 12
        + extract(month from age(moment.as_of_at, moment.started_at))
    )::integer as age_months,
    priced.mrr_cents,
    priced.mrr_cents::double precision / nullif(priced.first_mrr_cents, 0) as mrr_ratio,
    priced.discount_mrr_cents::double precision
    / nullif(priced.mrr_cents + priced.discount_mrr_cents, 0) as discount_rate,
    coalesce(priced.price_change_count, 0) as price_change_count,
    coalesce(billed.paid_invoice_count, 0) as paid_invoice_count,
    coalesce(billed.open_invoice_count, 0) as open_invoice_count,
    billed.mean_days_to_pay::double precision as mean_days_to_pay,
    coalesce(charged.failed_charge_count_35d, 0) as failed_charge_count_35d,
    coalesce(charged.failed_charge_count_180d, 0) as failed_charge_count_180d,
    coalesce(others.other_active_count, 0) as other_active_count,
    coalesce(others.other_ended_count, 0) as other_ended_count,
    case
        when moment.ended_at <= moment.as_of_at + interval '{{ var("label_window_days") }} days' then 1
        when moment.as_of_at + interval '{{ var("label_window_days") }} days' <= moment.data_until then 0
    end as has_churned_90d
from moments as moment
left join priced
    on
        priced.tenant_id = moment.tenant_id
        and priced.subscription_id = moment.subscription_id
        and priced.as_of_at = moment.as_of_at
left join billed
    on
        billed.tenant_id = moment.tenant_id
        and billed.subscription_id = moment.subscription_id
        and billed.as_of_at = moment.as_of_at
left join charged
    on
        charged.tenant_id = moment.tenant_id
        and charged.subscription_id = moment.subscription_id
        and charged.as_of_at = moment.as_of_at
left join others
    on
        others.tenant_id = moment.tenant_id
        and others.subscription_id = moment.subscription_id
        and others.as_of_at = moment.as_of_at

{% call changed_keys() %}
    select
        tenant_id,
        subscription_id
    from {{ changes(ref('fct_subscription')) }} as subscription
    union all
    select
        tenant_id,
        subscription_id
    from {{ changes(ref('fct_subscription_interval')) }} as part
    union all
    select
        tenant_id,
        subscription_id
    from {{ changes(ref('fct_invoice'), [
        'tenant_id', 'invoice_id', 'subscription_id', 'is_finalised', 'paid_at', 'created_at'
    ]) }} as invoice
    union all
    {# a customer's failed charges and other subscriptions are told of each of its subscriptions #}
    select
        subscription.tenant_id,
        subscription.subscription_id
    from (
        select
            tenant_id,
            customer_id
        from {{ changes(ref('fct_charge'), ['tenant_id', 'charge_id', 'customer_id', 'status', 'created_at']) }} as charge
        union all
        select
            tenant_id,
            customer_id
        from {{ changes(ref('fct_subscription')) }} as other
    ) as changed
    inner join {{ ref('fct_subscription') }} as subscription
        on subscription.tenant_id = changed.tenant_id and subscription.customer_id = changed.customer_id
    union all
    {# newer data move the present of a subscription that goes on, and its labels; those of an ended one are all known #}
    select
        subscription.tenant_id,
        subscription.subscription_id
    from {{ changes(ref('int_tenant_reach'), ['tenant_id', 'revenue_until']) }} as moved
    inner join {{ ref('fct_subscription') }} as subscription
        on subscription.tenant_id = moved.tenant_id and subscription.ended_at is null
{% endcall %}
