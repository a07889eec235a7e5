{{
    config(
        materialized='table',
        meta={'change_log': ['tenant_id', 'lead_id']},
        indexes=[
            {'columns': ['tenant_id', 'lead_id', 'anonymous_id'], 'unique': true},
            {'columns': ['tenant_id', 'anonymous_id']},
        ],
    )
}}

select
    tenant_id,
    lead_id,
    anonymous_id
from {{ ref('fct_lead') }}
where anonymous_id is not null
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
where identity.anonymous_id is not null and not identity.is_deleted
