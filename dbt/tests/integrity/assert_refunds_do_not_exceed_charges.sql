{#- No charge gives back more than it took. -#}
select
    refund.tenant_id,
    refund.charge_id,
    sum(refund.amount_cents) as refunded_cents,
    charge.amount_cents as charged_cents
from {{ ref('fct_refund') }} as refund
inner join {{ ref('fct_charge') }} as charge
    on charge.tenant_id = refund.tenant_id and charge.charge_id = refund.charge_id
where refund.is_succeeded and charge.is_succeeded and refund.currency = charge.currency
group by refund.tenant_id, refund.charge_id, charge.amount_cents
having sum(refund.amount_cents) > charge.amount_cents
