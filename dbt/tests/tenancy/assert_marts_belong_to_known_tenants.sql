{#- Each mart's rows belong to a tenant that is there: none is left of a tenant that was deleted. -#}
{% set marts = [
    'dim_customer_tax_id', 'fct_checkout_session', 'fct_payment_intent', 'fct_subscription_phase', 'dim_campaign', 'dim_channel_rule', 'dim_company', 'dim_company_history', 'dim_contact', 'dim_contact_history',
    'dim_person_identity', 'fct_balance_transaction', 'fct_broadcast', 'fct_campaign_spend_daily', 'fct_charge',
    'fct_conversion', 'fct_credit_note', 'fct_customer_cohort_monthly', 'fct_customer_value', 'fct_deal',
    'fct_deal_forecast', 'fct_deal_history', 'fct_deal_outcome_monthly', 'fct_deal_stage_history', 'fct_dispute',
    'dim_experiment', 'fct_experiment_exposure', 'fct_experiment_result_daily',
    'fct_email_engagement', 'fct_email_subscriber', 'fct_invoice', 'fct_invoice_line', 'fct_journey', 'fct_lead', 'fct_lead_funnel',
    'fct_lead_status_change', 'fct_mrr_daily', 'fct_mrr_movement', 'fct_payout', 'fct_pipeline_stage', 'fct_refund',
    'fct_reject', 'fct_revenue_retention_monthly', 'fct_session', 'fct_subscription', 'fct_subscription_history',
    'fct_subscription_interval', 'fct_touchpoint', 'ftr_lead', 'kpi_tenant_daily',
] %}
{% for model in marts %}
    select '{{ model }}' as model, mart.tenant_id
    from (select distinct tenant_id from {{ ref(model) }}) as mart
    left join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = mart.tenant_id
    where tenant.tenant_id is null
    {% if not loop.last %}union all{% endif %}
{% endfor %}
