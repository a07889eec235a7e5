{#-
  Stripe's ledger and the marts tell the same of each payment, refund, dispute and payout: tenant by tenant, day by day,
  currency by currency. What settles in another currency than it was charged in is compared by Stripe's own proof of the
  balance. A warning: the streams are read one after the other, and what happens in between shows for one pull.
-#}
{{ config(severity='warn') }}

with told as (
    select tenant_id, charge_id as source_id, currency, created_date, amount_cents
    from {{ ref('fct_charge') }}
    where is_succeeded
    union all
    select tenant_id, refund_id, currency, created_date, -amount_cents
    from {{ ref('fct_refund') }}
    where is_succeeded
    union all
    select tenant_id, dispute_id, currency, created_date, -amount_cents
    from {{ ref('fct_dispute') }}
    where is_withdrawn
    union all
    select tenant_id, payout_id, currency, created_date, -amount_cents
    from {{ ref('fct_payout') }}
    where is_withdrawn
),

booked as (
    select
        tenant_id,
        source_id,
        currency,
        min(created_date) as created_date,
        sum(amount_cents) as amount_cents
    from {{ ref('fct_balance_transaction') }}
    where
        entry_type in (
            'charge', 'payment', 'refund', 'payment_refund', 'refund_failure', 'payment_failure_refund', 'payout',
            'payout_failure', 'payout_cancel'
        )
        or reporting_category in ('dispute', 'dispute_reversal')
    group by tenant_id, source_id, currency
),

settled_elsewhere as (
    select distinct
        told.tenant_id,
        told.source_id
    from told
    inner join booked on booked.tenant_id = told.tenant_id and booked.source_id = told.source_id
    where booked.currency <> told.currency
),

compared as (
    select
        coalesce(told.tenant_id, booked.tenant_id) as tenant_id,
        coalesce(told.source_id, booked.source_id) as source_id,
        coalesce(booked.created_date, told.created_date) as booked_date,
        coalesce(told.currency, booked.currency) as currency,
        coalesce(told.amount_cents, 0) as told_cents,
        coalesce(booked.amount_cents, 0) as booked_cents
    from told
    full join booked
        on
            booked.tenant_id = told.tenant_id
            and booked.source_id = told.source_id
            and booked.currency = told.currency
)

select
    compared.tenant_id,
    compared.booked_date,
    compared.currency,
    sum(compared.told_cents) as told_cents,
    sum(compared.booked_cents) as booked_cents,
    min(compared.source_id) filter (where compared.told_cents <> compared.booked_cents) as example_id
from compared
left join settled_elsewhere
    on
        settled_elsewhere.tenant_id = compared.tenant_id
        and settled_elsewhere.source_id = compared.source_id
where settled_elsewhere.source_id is null
group by compared.tenant_id, compared.booked_date, compared.currency
having sum(compared.told_cents) <> sum(compared.booked_cents)
