{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'source_id']},
        indexes=[{'columns': ['tenant_id', 'source_system', 'source_id', 'valid_from'], 'unique': true}],
    )
}}

select
    version.tenant_id,
    version.source_system,
    version.source_id,
    version.dbt_valid_from::timestamptz as valid_from,
    version.dbt_valid_to::timestamptz as valid_to,
    version.dbt_valid_to is null as is_current,
    version.company_name,
    version.domain,
    version.industry,
    version.employee_count,
    version.country,
    version.city,
    version.created_at
from {{ ref('snap_company') }} as version
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = version.tenant_id
where {{ is_changed('version') }}

{% call changed_keys() %}
    select
        tenant_id,
        source_system,
        source_id
    from {{ ref('snap_company') }} as version
    where {{ is_written_since_build_of('dim_company_history', 'version.xmin') }}
{% endcall %}
