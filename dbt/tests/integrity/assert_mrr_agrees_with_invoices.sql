{#-
  What an invoice bills for a period is what the subscription's list price says for it. MRR is rounded once for each
  price, so a period of n months may be off by n / 2 minor units for each of them, and by no more.
-#}
{{ config(severity='warn') }}

with billed as (
    select
        line.tenant_id,
        line.subscription_id,
        line.invoice_id,
        min(line.period_start_at) as period_start_at,
        sum(line.amount_cents) as amount_cents,
        count(distinct line.price_id) as price_count
    from {{ ref('fct_invoice_line') }} as line
    where
        line.is_finalised
        and line.line_type = 'subscription'
        and not line.is_proration
        and line.period_end_at > line.period_start_at
    group by line.tenant_id, line.subscription_id, line.invoice_id
    having count(distinct line.period_end_at - line.period_start_at) = 1
)

select
    billed.tenant_id,
    billed.subscription_id,
    billed.invoice_id,
    billed.amount_cents,
    part.list_mrr_cents,
    part.billing_months
from billed
inner join {{ ref('fct_subscription_interval') }} as part
    on
        part.tenant_id = billed.tenant_id
        and part.subscription_id = billed.subscription_id
        and part.valid_from_at <= billed.period_start_at
        and coalesce(part.valid_to_at, 'infinity') > billed.period_start_at
where
    part.is_counted
    and abs(billed.amount_cents - part.list_mrr_cents * part.billing_months)
    > ceil(part.billing_months / 2) * billed.price_count
