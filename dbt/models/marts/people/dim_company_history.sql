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
    {{ version_span() }},
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
    {{ records_of_new_versions(ref('snap_company')) }}
{% endcall %}
