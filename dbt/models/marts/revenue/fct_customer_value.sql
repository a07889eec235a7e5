{{ config(indexes=[{'columns': ['tenant_id', 'customer_id'], 'unique': true}]) }}

with paid as (
    select
        tenant_id,
        customer_id,
        min(paid_date) filter (where kind = 'paid') as first_paid_date,
        max(paid_date) filter (where kind = 'paid') as last_paid_date,
        count(*) filter (where kind = 'paid') as payment_count,
        {% for kind, sign in [('paid', 1), ('refunded', -1), ('disputed', -1)] %}
            {{ sign }} * coalesce(sum(reporting_cents) filter (where kind = '{{ kind }}'), 0) as {{ kind }}_cents,
        {% endfor %}
        count(*) filter (where reporting_cents is null) as unconverted_count
    from {{ ref('int_customer_pay') }}
    where customer_id is not null
    group by tenant_id, customer_id
),

recurring as (
    select
        movement.tenant_id,
        movement.customer_id,
        min(movement.movement_date) as first_mrr_date,
        max(movement.movement_date) filter (where movement.movement_type = 'churn') as last_churn_date,
        sum(movement.closing_mrr_cents - movement.opening_mrr_cents) as mrr_change_cents
    from {{ ref('fct_mrr_movement') }} as movement
    group by movement.tenant_id, movement.customer_id
)

select
    customer.tenant_id,
    customer.customer_id,
    customer.email,
    customer.country,
    customer.lead_id,
    tenant.currency,
    paid.first_paid_date,
    paid.last_paid_date,
    coalesce(paid.payment_count, 0) as payment_count,
    {{ to_bigint('coalesce(paid.paid_cents, 0)') }} as paid_cents,
    {{ to_bigint('coalesce(paid.refunded_cents, 0)') }} as refunded_cents,
    {{ to_bigint('coalesce(paid.disputed_cents, 0)') }} as disputed_cents,
    {{ to_bigint('coalesce(paid.paid_cents - paid.refunded_cents - paid.disputed_cents, 0)') }} as net_paid_cents,
    recurring.first_mrr_date,
    coalesce(recurring.mrr_change_cents > 0, false) as is_subscribing,
    case when recurring.mrr_change_cents = 0 then recurring.last_churn_date end as churned_date,
    coalesce(paid.unconverted_count, 0) as unconverted_count
from {{ ref('stg_stripe__customers') }} as customer
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = customer.tenant_id
left join paid on paid.tenant_id = customer.tenant_id and paid.customer_id = customer.customer_id
left join recurring
    on recurring.tenant_id = customer.tenant_id and recurring.customer_id = customer.customer_id
where not customer.is_deleted
