{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'deal_id']},
        indexes=[{'columns': ['tenant_id', 'source_system', 'deal_id', 'valid_from'], 'unique': true}],
    )
}}

select
    version.tenant_id,
    version.source_system,
    version.deal_id,
    version.dbt_valid_from::timestamptz as valid_from,
    version.dbt_valid_to::timestamptz as valid_to,
    version.dbt_valid_to is null as is_current,
    version.deal_name,
    version.pipeline_id,
    version.stage_id,
    version.status,
    version.amount_cents,
    version.currency,
    version.expected_close_date,
    version.closed_at,
    version.lead_id,
    version.contact_id,
    version.company_id,
    version.created_at
from {{ ref('snap_deal') }} as version
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = version.tenant_id
where {{ is_changed('version') }}

{% call changed_keys() %}
    select
        tenant_id,
        source_system,
        deal_id
    from {{ ref('snap_deal') }} as version
    where {{ is_written_since_build_of('fct_deal_history', 'version.xmin') }}
{% endcall %}
