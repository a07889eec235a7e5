{#- A view, so that an alarm shows at once. -#}
{{ config(materialized='view', tags=['after_models'], post_hook="select ops.secure_relation('{{ this }}')") }}

select
    tenant_id,
    model_version,
    subject,
    name,
    looked_until,
    looked_at,
    row_count,
    psi,
    p_value,
    q_value,
    evidence,
    is_drifting,
    name = '(all)' and is_drifting as is_alarm
from {{ source('ml', 'model_drift') }}
