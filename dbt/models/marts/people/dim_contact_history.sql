{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'source_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'source_id', 'valid_from'], 'unique': true},
            {'columns': ['tenant_id', 'person_id']},
        ],
    )
}}

select
    version.tenant_id,
    version.source_system,
    version.source_id,
    version.dbt_valid_from::timestamptz as valid_from,
    version.dbt_valid_to::timestamptz as valid_to,
    version.dbt_valid_to is null as is_current,
    identity.person_id,
    version.email,
    version.first_name,
    version.last_name,
    version.phone,
    version.job_title,
    version.language,
    version.lifecycle_stage,
    {{ try_uuid('version.company_id') }} as company_id,
    version.subscriber_state,
    version.has_marketing_consent,
    version.created_at
from {{ ref('snap_contact') }} as version
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = version.tenant_id
left join {{ ref('dim_person_identity') }} as identity
    on
        identity.tenant_id = version.tenant_id
        and identity.source_system = version.source_system
        and identity.source_id = version.source_id
where {{ is_changed('version') }}

{% call changed_keys() %}
    select
        tenant_id,
        source_system,
        source_id
    from {{ ref('snap_contact') }} as version
    where {{ is_written_since_build_of('dim_contact_history', 'version.xmin') }}
    union all
    select
        tenant_id,
        source_system,
        source_id
    from {{ changes(ref('dim_person_identity')) }} as identity
    union all
    {# a snapshot loses the versions of what was erased, and nothing else #}
    select
        tenant_id,
        'hubspot' as source_system,
        contact_id as source_id
    from {{ changes(ref('stg_hubspot__contacts')) }} as origin
    where is_erased
{% endcall %}
