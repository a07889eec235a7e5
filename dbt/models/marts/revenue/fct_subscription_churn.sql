{#- A view, so that each night's predictions show at once. -#}
{{ config(materialized='view', tags=['after_models'], post_hook="select ops.secure_relation('{{ this }}')") }}

select
    churn.tenant_id,
    churn.subscription_id,
    subscription.customer_id,
    subscription.product_name,
    churn.probability,
    churn.probability_low,
    churn.probability_high,
    churn.has_enough_data,
    churn.is_out_of_distribution,
    subscription.mrr_cents,
    {{ to_bigint('churn.probability * subscription.mrr_cents') }} as mrr_at_risk_cents,
    subscription.currency,
    subscription.started_at,
    churn.reasons,
    churn.model_version,
    churn.predicted_at
from {{ source('ml', 'subscription_churn') }} as churn
inner join {{ ref('fct_subscription') }} as subscription
    on subscription.tenant_id = churn.tenant_id and subscription.subscription_id = churn.subscription_id
