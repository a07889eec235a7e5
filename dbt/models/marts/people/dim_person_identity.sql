{{
    config(
        meta={
            'delta_key': ['tenant_id', 'source_system', 'source_id'],
            'change_log': ['tenant_id', 'source_system', 'source_id', 'person_id'],
        },
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'source_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id']},
        ],
    )
}}

select
    link.tenant_id,
    link.source_system,
    link.source_id,
    first_value(
        case when link.source_system = 'cookie' then 'anon' else link.source_system end || ':' || link.source_id
    ) over (
        partition by link.tenant_id, link.root order by link.priority, link.created_at, link.source_id
    ) as person_id,
    link.rule,
    link.is_conflicting
from {{ ref('int_person_link') }} as link
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = link.tenant_id
where {{ is_changed('link') }}

{% call changed_keys() %}
    select
        tenant_id,
        source_system,
        source_id
    from {{ changes(ref('int_person_link')) }} as changed
    union all
    {# whoever is left in a tree that a record joined or left may have another name now #}
    select
        link.tenant_id,
        link.source_system,
        link.source_id
    from {{ changes(ref('int_person_link')) }} as changed
    inner join {{ ref('int_person_link') }} as link
        on link.tenant_id = changed.tenant_id and link.root_key = changed.root_key
{% endcall %}
