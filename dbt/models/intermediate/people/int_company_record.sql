{{
    config(
        materialized='table',
        meta={
            'delta_key': ['tenant_id', 'source_system', 'source_id'],
            'change_log': ['tenant_id', 'source_system', 'source_id', 'company_key'],
        },
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'source_id'], 'unique': true},
            {'columns': ['tenant_id', 'company_key']},
            {'columns': ['tenant_id', 'company_id']},
        ],
    )
}}

{% set sources = [
    ('operational', 'stg_operational__companies', 'company_id::text', 'record.company_id'),
    ('hubspot', 'stg_hubspot__companies', 'company_id', 'record.operational_company_id'),
] %}

with sources as (
    {% for source_system, staged, key, company_id in sources %}
        select
            record.tenant_id,
            '{{ source_system }}' as source_system,
            record.{{ key }} as source_id,
            {{ company_id }}{{ ' as company_id' if source_system == 'hubspot' }},
            record.company_name,
            record.domain,
            record.industry,
            record.employee_count,
            record.country,
            record.city,
            record.created_at
        from {{ ref(staged) }} as record
        where
            not record.is_deleted
            and {{ is_changed('record', {
                'source_system': "'" ~ source_system ~ "'", 'source_id': 'record.' ~ key
            }) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    sources.tenant_id,
    sources.source_system,
    sources.source_id,
    sources.company_id,
    sources.company_name,
    sources.domain,
    sources.industry,
    sources.employee_count,
    sources.country,
    sources.city,
    sources.created_at,
    coalesce(
        'domain:' || coalesce(named.domain, case when named.company_id is null then sources.domain end),
        'operational:' || named.company_id::text,
        sources.source_system || ':' || sources.source_id
    ) as company_key
from sources
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = sources.tenant_id
left join {{ ref('stg_operational__companies') }} as named
    on named.tenant_id = sources.tenant_id and named.company_id = sources.company_id and not named.is_deleted

{% call changed_keys() %}
    {% for source_system, staged, key, _ in sources %}
        select
            tenant_id,
            '{{ source_system }}' as source_system,
            {{ key }} as source_id
        from {{ changes(ref(staged)) }} as record
        union all
    {% endfor %}
    select
        built.tenant_id,
        built.source_system,
        built.source_id
    from {{ changes(ref('stg_operational__companies')) }} as company
    inner join {{ this }} as built
        on built.tenant_id = company.tenant_id and built.company_id = company.company_id
{% endcall %}
