with cookies as (
    select
        tenant_id,
        lead_id,
        created_at,
        anonymous_id
    from {{ ref('fct_lead') }}
    where anonymous_id is not null
    union
    select
        lead.tenant_id,
        lead.lead_id,
        lead.created_at,
        identity.anonymous_id
    from {{ ref('fct_lead') }} as lead
    inner join {{ ref('stg_operational__identities') }} as identity
        on
            identity.tenant_id = lead.tenant_id
            and identity.contact_id = lead.contact_id
            and identity.created_at <= lead.created_at
    where identity.anonymous_id is not null and not identity.is_deleted
),

touches as (
    select
        cookies.tenant_id,
        cookies.lead_id,
        cookies.created_at - touch.occurred_at as age,
        touch.channel,
        touch.occurred_at,
        touch.touchpoint_id
    from cookies
    inner join {{ ref('fct_touchpoint') }} as touch
        on
            touch.tenant_id = cookies.tenant_id
            and touch.anonymous_id = cookies.anonymous_id
            and touch.occurred_at <= cookies.created_at
)

select
    tenant_id,
    lead_id,
    count(*) filter (where age <= interval '7 days') as touch_count_7d,
    count(*) filter (where age <= interval '30 days') as touch_count_30d,
    count(*) filter (where age <= interval '90 days') as touch_count_90d,
    count(distinct channel) as distinct_channel_count,
    (array_agg(channel order by occurred_at, touchpoint_id))[1] as first_channel,
    (array_agg(channel order by occurred_at desc, touchpoint_id desc))[1] as last_channel,
    extract(epoch from max(age))::double precision / 86400 as days_since_first_touch,
    extract(epoch from min(age))::double precision / 86400 as days_since_last_touch
from touches
group by tenant_id, lead_id
