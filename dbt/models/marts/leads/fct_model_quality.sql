{#- A view, so that an outcome that came shows at once. -#}
{{ config(materialized='view', tags=['after_models'], post_hook="select ops.secure_relation('{{ this }}')") }}

with measured as (
    select
        tenant_id,
        model_version,
        metric,
        value as held_out_value,
        baseline as held_out_baseline,
        lead_count as held_out_lead_count,
        null::double precision as outcome_value,
        null::bigint as outcome_lead_count,
        null::bigint as outcome_won_count,
        null::timestamp with time zone as matured_until
    from {{ source('ml', 'model_quality') }}
    union all
    select
        tenant_id,
        model_version,
        metric,
        null as held_out_value,
        null as held_out_baseline,
        null as held_out_lead_count,
        value as outcome_value,
        lead_count as outcome_lead_count,
        won_count as outcome_won_count,
        matured_until
    from {{ source('ml', 'model_outcome') }}
)

select
    tenant_id,
    model_version,
    (
        select version.kind
        from {{ source('ml', 'model_version') }} as version
        where version.model_version = measured.model_version
    ) as kind,
    metric,
    max(held_out_value) as held_out_value,
    max(held_out_baseline) as held_out_baseline,
    max(held_out_lead_count) as held_out_lead_count,
    max(outcome_value) as outcome_value,
    max(outcome_lead_count) as outcome_lead_count,
    max(outcome_won_count) as outcome_won_count,
    max(matured_until) as matured_until,
    max(outcome_value) - max(held_out_value) as value_change,
    model_version in (
        select version.model_version
        from {{ source('ml', 'model_version') }} as version
        where version.is_live
    ) as is_live
from measured
group by tenant_id, model_version, metric
