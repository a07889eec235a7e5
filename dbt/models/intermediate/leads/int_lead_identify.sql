{{
    config(
        materialized='table',
        meta={'change_log': ['tenant_id', 'lead_id']},
        indexes=[{'columns': ['tenant_id', 'lead_id'], 'unique': true}],
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    coalesce('contact:' || lead.contact_id::text, resolved.person_id, 'lead:' || lead.lead_id::text) as person_id,
    lead.is_deleted,
    greatest(lead.synced_at, resolved.synced_at) as synced_at
from {{ ref('stg_operational__leads') }} as lead
left join {{ ref('int_person_resolve') }} as resolved
    on
        resolved.tenant_id = lead.tenant_id
        and resolved.anonymous_id = lead.anonymous_id
        and lead.contact_id is null
