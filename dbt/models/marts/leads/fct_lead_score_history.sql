{#- A view, so that each scoring shows at once and the history is not stored twice. -#}
{{ config(materialized='view', tags=['after_models'], post_hook="select ops.secure_relation('{{ this }}')") }}

select
    tenant_id,
    lead_id,
    scored_at,
    probability,
    probability - lag(probability) over earlier as probability_change,
    grade,
    model_version,
    coalesce(model_version is distinct from lag(model_version) over earlier, true) as has_new_model,
    coalesce(input_hash is distinct from lag(input_hash) over earlier, true) as has_new_inputs,
    reasons,
    lead(scored_at) over earlier is null as is_current
from {{ source('ml', 'lead_score_history') }}
window earlier as (partition by tenant_id, lead_id order by scored_at)
