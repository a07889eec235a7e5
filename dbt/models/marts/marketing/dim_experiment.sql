{{
    config(
        meta={'change_log': ['tenant_id', 'experiment_id']},
        indexes=[{'columns': ['tenant_id', 'experiment_id'], 'unique': true}],
    )
}}

select
    tenant_id,
    experiment_id,
    experiment_key,
    experiment_name,
    hypothesis,
    status,
    unit,
    variants,
    primary_metric,
    secondary_metrics,
    guard_rails,
    outcome_days,
    alpha,
    least_effect,
    planned_units,
    starts_at,
    ends_at,
    stopped_at,
    decision,
    decided_at,
    created_at
from {{ ref('stg_operational__experiments') }}
where not is_deleted
