{#- A view, so that each night's predictions show at once. -#}
{{ config(materialized='view', tags=['after_models'], post_hook="select ops.secure_relation('{{ this }}')") }}

select
    lead.tenant_id,
    lead.lead_id,
    worth.value_cents,
    worth.value_cents_low,
    worth.value_cents_high,
    tenant.currency,
    worth.model_version as value_model_version,
    conversion.by_7d as converted_by_7d_rate,
    conversion.by_14d as converted_by_14d_rate,
    conversion.by_30d as converted_by_30d_rate,
    conversion.by_60d as converted_by_60d_rate,
    conversion.by_90d as converted_by_90d_rate,
    conversion.median_days,
    conversion.model_version as conversion_model_version,
    greatest(worth.predicted_at, conversion.predicted_at) as predicted_at
from {{ ref('fct_lead') }} as lead
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
left join {{ source('ml', 'lead_value') }} as worth
    on worth.tenant_id = lead.tenant_id and worth.lead_id = lead.lead_id
left join {{ source('ml', 'lead_conversion') }} as conversion
    on conversion.tenant_id = lead.tenant_id and conversion.lead_id = lead.lead_id
where worth.lead_id is not null or conversion.lead_id is not null
