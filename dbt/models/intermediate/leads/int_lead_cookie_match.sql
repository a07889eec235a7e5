{{
    config(
        materialized='table',
        meta={'delta_key': ['tenant_id', 'lead_id'], 'change_log': ['tenant_id', 'lead_id']},
        indexes=[
            {'columns': ['tenant_id', 'lead_id', 'anonymous_id'], 'unique': true},
            {'columns': ['tenant_id', 'anonymous_id']},
        ],
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    lead.anonymous_id
from {{ ref('fct_lead') }} as lead
where lead.anonymous_id is not null and {{ is_changed('lead') }}
union
select
    lead.tenant_id,
    lead.lead_id,
    identity.anonymous_id
from {{ ref('fct_lead') }} as lead
inner join {{ ref('stg_operational__identities') }} as identity
    on
        identity.tenant_id = lead.tenant_id
        and identity.contact_id = lead.contact_id
        and identity.created_at <= lead.created_at
where identity.anonymous_id is not null and not identity.is_deleted and {{ is_changed('lead') }}

{% call changed_keys() %}
    select
        tenant_id,
        lead_id
    from {{ changes(ref('fct_lead'), ['tenant_id', 'lead_id', 'anonymous_id', 'contact_id', 'created_at']) }} as lead
    union all
    {# a cookie of a contact is that of its leads: of the contact that it has now, and of the one that it had #}
    select
        lead.tenant_id,
        lead.lead_id
    from (
        select
            tenant_id,
            contact_id::text as contact_id
        from {{ changes(ref('stg_operational__identities')) }} as identity
        union all
        select
            tenant_id,
            contact_id
        from {{ changes(ref('int_person_record')) }} as former
        where source_system = 'identity'
    ) as changed
    inner join {{ ref('fct_lead') }} as lead
        on lead.tenant_id = changed.tenant_id and lead.contact_id::text = changed.contact_id
{% endcall %}
