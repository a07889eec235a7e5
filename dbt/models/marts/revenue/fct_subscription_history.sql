{{
    config(
        meta={'delta_key': ['tenant_id', 'subscription_id']},
        indexes=[{'columns': ['tenant_id', 'subscription_id', 'valid_from'], 'unique': true}],
    )
}}

select
    version.tenant_id,
    version.subscription_id,
    version.dbt_valid_from::timestamptz as valid_from,
    version.dbt_valid_to::timestamptz as valid_to,
    version.dbt_valid_to is null as is_current,
    version.customer_id,
    version.status,
    version.pause_behavior,
    version.currency,
    version.prices,
    version.started_at,
    version.trial_end_at,
    version.canceled_at,
    version.ended_at,
    version.is_canceled_at_period_end,
    version.subscription_schedule_id,
    version.created_at
from {{ ref('snap_subscription') }} as version
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = version.tenant_id
where {{ is_changed('version') }}

{% call changed_keys() %}
    select
        tenant_id,
        subscription_id
    from {{ ref('snap_subscription') }} as version
    where {{ is_written_since_build_of('fct_subscription_history', 'version.xmin') }}
{% endcall %}
