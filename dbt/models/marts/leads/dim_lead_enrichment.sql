{{
    config(
        tags=['after_models'],
        indexes=[{'columns': ['tenant_id', 'lead_id'], 'unique': true}],
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    answer.language,
    answer.industry,
    answer.seniority,
    answer.intent,
    answer.summary,
    answer.model,
    answer.versions as question_version,
    answer.is_current,
    answer.answered_at
from {{ ref('fct_lead') }} as lead
inner join {{ source('ml', 'lead_enrichment_answer') }} as answer
    on answer.tenant_id = lead.tenant_id and answer.lead_id = lead.lead_id
