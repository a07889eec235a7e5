{#- A tenant's Stripe rows are all of live mode or all of test mode: the two never add up in one figure. -#}
{% set modes = [
    'charges', 'checkout_sessions', 'credit_notes', 'customers', 'disputes', 'invoices', 'payment_intents', 'payouts',
    'subscription_schedules', 'subscriptions',
] %}
select tenant_id
from (
    {% for name in modes %}
        select tenant_id, is_live
        from {{ ref('stg_stripe__' ~ name) }}
        where not is_deleted and is_live is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
) as told
group by tenant_id
having count(distinct is_live) > 1
