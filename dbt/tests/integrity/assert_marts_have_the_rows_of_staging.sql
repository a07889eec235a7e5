{#-
  No join fans out or loses rows: tenant by tenant, a mart has as many rows as the living ones of its staging. Staging is
  read as it is now, the mart is of its build's moment: a row written since then, living or deleted, may be in the mart
  or not, so that it widens what is allowed by one. With nothing written since, the counts are equal.

  Staging, and the table that the mart takes its keys from where that is built before it.
-#}
{% set pairs = [
    ('fct_lead', 'stg_operational__leads', 'dim_person_identity', none),
    ('ftr_lead', 'stg_operational__leads', 'dim_person_identity', none),
    ('fct_touchpoint', 'stg_operational__touchpoints', none, none),
    ('dim_campaign', 'stg_operational__campaigns', none, none),
    ('dim_experiment', 'stg_operational__experiments', none, none),
    ('fct_deal', 'stg_operational__deals', none, "source_system = 'operational'"),
    ('fct_deal', 'stg_hubspot__deals', none, "source_system = 'hubspot'"),
    ('fct_invoice', 'stg_stripe__invoices', none, none),
    ('fct_invoice_line', 'stg_stripe__invoice_lines', 'fct_invoice', none),
    ('fct_charge', 'stg_stripe__charges', none, none),
    ('fct_refund', 'stg_stripe__refunds', none, none),
    ('fct_subscription', 'stg_stripe__subscriptions', none, none),
    ('fct_credit_note', 'stg_stripe__credit_notes', none, none),
    ('fct_dispute', 'stg_stripe__disputes', none, none),
    ('fct_payment_intent', 'stg_stripe__payment_intents', none, none),
    ('fct_checkout_session', 'stg_stripe__checkout_sessions', none, none),
    ('dim_customer_tax_id', 'stg_stripe__tax_ids', none, none),
    ('fct_payout', 'stg_stripe__payouts', none, none),
    ('fct_balance_transaction', 'stg_stripe__balance_transactions', none, none),
    ('fct_customer_value', 'stg_stripe__customers', none, none),
    ('fct_email_subscriber', 'stg_kit__subscribers', 'dim_person_identity', none),
    ('fct_broadcast', 'stg_kit__broadcasts', none, none),
] %}
with counted as (
    {% for mart, staged, keys_from, part in pairs %}
        select
            '{{ mart }}' as mart,
            '{{ staged }}' as staged,
            tenant_id,
            count(*) as mart_count,
            0 as settled_count,
            0 as moved_count
        from {{ ref(mart) }}
        {% if part %}where {{ part }}{% endif %}
        group by tenant_id
        union all
        select
            '{{ mart }}',
            '{{ staged }}',
            tenant_id,
            0,
            count(*) filter (where not is_moved and not is_deleted),
            count(*) filter (where is_moved)
        from (
            select tenant_id, is_deleted, {{ is_written_since_build_of(keys_from or mart) }} as is_moved
            from {{ ref(staged) }}
            where tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
        ) as staged_row
        group by tenant_id
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    mart,
    staged,
    tenant_id,
    sum(mart_count) as mart_count,
    sum(settled_count) as settled_count,
    sum(moved_count) as moved_count
from counted
group by mart, staged, tenant_id
having sum(mart_count) not between sum(settled_count) and sum(settled_count) + sum(moved_count)
