{#- A cookie may have been seen with several leads. The first identification wins and stays: see the description. -#}
with claims as (
    select
        tenant_id,
        anonymous_id,
        lead_id,
        contact_id,
        first_seen_at as claimed_at,
        1 as priority,
        identity_id as claim_id
    from {{ ref('stg_operational__identities') }}
    where anonymous_id is not null and not is_deleted
    union all
    select
        tenant_id,
        anonymous_id,
        lead_id,
        contact_id,
        created_at as claimed_at,
        2 as priority,
        lead_id as claim_id
    from {{ ref('stg_operational__leads') }}
    where anonymous_id is not null and not is_deleted
),

living as (
    select
        claims.tenant_id,
        claims.anonymous_id,
        claims.claimed_at,
        claims.priority,
        claims.claim_id,
        lead.lead_id,
        contact.contact_id
    from claims
    left join {{ ref('stg_operational__leads') }} as lead
        on lead.tenant_id = claims.tenant_id and lead.lead_id = claims.lead_id and not lead.is_deleted
    left join {{ ref('stg_operational__contacts') }} as contact
        on
            contact.tenant_id = claims.tenant_id
            and contact.contact_id = coalesce(claims.contact_id, lead.contact_id)
            and not contact.is_deleted
    where lead.lead_id is not null or contact.contact_id is not null
)

select distinct on (tenant_id, anonymous_id)
    tenant_id,
    anonymous_id,
    lead_id,
    contact_id
from living
order by tenant_id, anonymous_id, priority, claimed_at, claim_id
