{{
    config(
        meta={
            'delta_key': ['tenant_id', 'lead_id'],
            'change_log': [
                'tenant_id', 'lead_id', 'anonymous_id', 'source', 'company_id', 'created_date', 'created_at', 'won_at',
                'lost_at', 'qualified_at', 'contacted_at', 'contact_id',
            ],
        },
        indexes=[
            {'columns': ['tenant_id', 'lead_id'], 'unique': true},
            {'columns': ['tenant_id', 'created_at']},
            {'columns': ['tenant_id', 'person_id']},
        ]
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    person.person_id,
    lead.contact_id,
    lead.company_id,
    lead.campaign_id,
    lead.anonymous_id,
    lead.email,
    lead.full_name,
    lead.company_name,
    lead.job_title,
    lead.message,
    lead.source,
    lead.landing_page,
    lead.country,
    lead.language,
    lead.industry,
    lead.employee_count,
    lead.status,
    lead.status = 'won' as is_won,
    lead.has_marketing_consent,
    lead.value_cents,
    coalesce(lead.currency, tenant.currency) as currency,
    {{ tenant_date('lead.created_at', 'tenant.timezone') }} as created_date,
    lead.created_at,
    lead.contacted_at,
    lead.qualified_at,
    lead.won_at,
    lead.lost_at,
    lead.updated_at
from {{ ref('stg_operational__leads') }} as lead
inner join {{ ref('dim_person_identity') }} as person
    on
        person.tenant_id = lead.tenant_id
        and person.source_system = 'lead'
        and person.source_id = lead.lead_id::text
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
where not lead.is_deleted and {{ is_changed('lead') }}

{% call changed_keys() %}
    select
        tenant_id,
        lead_id
    from {{ changes(ref('stg_operational__leads')) }} as lead
    union all
    select
        tenant_id,
        {{ try_uuid('person.source_id') }} as lead_id
    from {{ changes(ref('dim_person_identity')) }} as person
    where source_system = 'lead'
{% endcall %}
