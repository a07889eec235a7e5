{#-
  The lines of an invoice are its subtotal: before all discounts, or after those of single lines, as Stripe has it. An
  invoice without a subtotal or without lines tells nothing to compare.
-#}
{{ config(severity='warn') }}

select
    invoice.tenant_id,
    invoice.invoice_id,
    invoice.subtotal_cents,
    sum(line.amount_cents) as lines_cents,
    sum(line.discount_cents) as discount_cents
from {{ ref('stg_stripe__invoices') }} as invoice
inner join {{ ref('fct_invoice_line') }} as line
    on line.tenant_id = invoice.tenant_id and line.invoice_id = invoice.invoice_id
where not invoice.is_deleted
group by invoice.tenant_id, invoice.invoice_id, invoice.subtotal_cents
having invoice.subtotal_cents not in (sum(line.amount_cents), sum(line.amount_cents - line.discount_cents))
