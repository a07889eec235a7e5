{{
    config(
        meta={'delta_key': ['tenant_id', 'subscription_id']},
        indexes=[{'columns': ['tenant_id', 'subscription_id', 'valid_from'], 'unique': true}],
    )
}}

select
    version.tenant_id,
    version.subscription_id,
    {{ version_span() }},
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
    {{ records_of_new_versions(ref('snap_subscription')) }}
{% endcall %}
