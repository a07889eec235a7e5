{{
    config(
        materialized='table',
        meta={'change_log': ['tenant_id', 'anonymous_id']},
        indexes=[{'columns': ['tenant_id', 'anonymous_id'], 'unique': true}],
    )
}}

{#- A cookie may have been seen with several leads. The first identification wins and stays: see the description. -#}
with claims as (
    select
        identity.tenant_id,
        identity.anonymous_id,
        identity.lead_id,
        coalesce(identity.contact_id, lead.contact_id) as contact_id,
        identity.first_seen_at as claimed_at,
        1 as priority,
        identity.identity_id as claim_id,
        identity.is_deleted or coalesce(lead.is_deleted, false) as is_deleted,
        greatest(identity.synced_at, lead.synced_at) as synced_at
    from {{ ref('stg_operational__identities') }} as identity
    left join {{ ref('stg_operational__leads') }} as lead
        on lead.tenant_id = identity.tenant_id and lead.lead_id = identity.lead_id
    where identity.anonymous_id is not null
    union all
    select
        tenant_id,
        anonymous_id,
        lead_id,
        contact_id,
        created_at as claimed_at,
        2 as priority,
        lead_id as claim_id,
        is_deleted,
        synced_at
    from {{ ref('stg_operational__leads') }}
    where anonymous_id is not null
),

ranked as (
    select
        tenant_id,
        anonymous_id,
        lead_id,
        contact_id,
        is_deleted,
        max(synced_at) over (partition by tenant_id, anonymous_id) as synced_at,
        row_number() over (
            partition by tenant_id, anonymous_id
            order by is_deleted, coalesce(contact_id, lead_id) is null, priority, claimed_at, claim_id
        ) as claim_rank
    from claims
)

select
    tenant_id,
    anonymous_id,
    case when not is_deleted then lead_id end as lead_id,
    case when not is_deleted then contact_id end as contact_id,
    case
        when is_deleted then 'anon:' || anonymous_id
        else coalesce('contact:' || contact_id::text, 'lead:' || lead_id::text, 'anon:' || anonymous_id)
    end as person_id,
    synced_at
from ranked
where claim_rank = 1
