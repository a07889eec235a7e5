{#- What each invoice that is no draft bills a subscription for a period; proration and usage are no price. -#}
with billed as (
    select
        line.tenant_id,
        line.subscription_id,
        line.invoice_id,
        line.price_id,
        max(line.product_id) as product_id,
        min(line.period_start_at) as observed_at,
        sum(line.amount_cents) as amount_cents,
        max(
            coalesce(
                {{ interval_months('price.billing_interval', 'price.billing_interval_count') }},
                greatest(
                    round(extract(epoch from line.period_end_at - line.period_start_at) / (86400 * 365.0 / 12)), 1
                )
            )
        ) as billing_months
    from {{ ref('stg_stripe__invoice_lines') }} as line
    inner join {{ ref('stg_stripe__invoices') }} as invoice
        on invoice.tenant_id = line.tenant_id and invoice.invoice_id = line.invoice_id
    left join {{ ref('stg_stripe__prices') }} as price
        on price.tenant_id = line.tenant_id and price.price_id = line.price_id
    where
        not line.is_deleted
        and coalesce(invoice.status, 'draft') <> 'draft'
        and line.line_type = 'subscription'
        and line.subscription_id is not null
        and not line.is_proration
        and not coalesce(price.is_metered, false)
        and line.period_end_at > line.period_start_at
    group by line.tenant_id, line.subscription_id, line.invoice_id, line.price_id
)

select
    tenant_id,
    subscription_id,
    invoice_id,
    min(observed_at) as observed_at,
    sum(round(amount_cents / billing_months)) as list_mrr_cents,
    coalesce(min(billing_months) filter (where amount_cents > 0), 1) as billing_months,
    jsonb_agg(
        jsonb_build_object('price', price_id, 'product', product_id, 'list', round(amount_cents / billing_months))
        order by price_id
    ) as parts
from billed
group by tenant_id, subscription_id, invoice_id
