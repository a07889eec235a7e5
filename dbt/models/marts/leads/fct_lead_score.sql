{{
    config(
        tags=['after_models'],
        indexes=[
            {'columns': ['tenant_id', 'lead_id'], 'unique': true},
            {'columns': ['tenant_id', 'probability']},
            {'columns': ['tenant_id', 'expected_value_cents']},
        ],
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    score.probability,
    score.probability_low,
    score.probability_high,
    score.base_probability,
    score.has_enough_data,
    score.is_out_of_distribution,
    score.grade,
    score.expected_value_cents,
    tenant.currency,
    score.reasons,
    score.model_version,
    score.scored_at,
    lead.status,
    lead.source,
    lead.created_at
from {{ ref('fct_lead') }} as lead
inner join {{ source('ml', 'lead_score') }} as score
    on score.tenant_id = lead.tenant_id and score.lead_id = lead.lead_id
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
