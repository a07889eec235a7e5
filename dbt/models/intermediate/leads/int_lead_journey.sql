{{
    config(
        materialized='table',
        meta={'delta_key': ['tenant_id', 'lead_id'], 'change_log': ['tenant_id', 'lead_id']},
        indexes=[{'columns': ['tenant_id', 'lead_id'], 'unique': true}],
    )
}}

with touches as (
    select
        lead.tenant_id,
        lead.lead_id,
        lead.created_at - touch.occurred_at as age,
        touch.channel,
        touch.occurred_at,
        touch.touchpoint_id
    from {{ ref('fct_lead') }} as lead
    inner join {{ ref('int_lead_cookie_match') }} as cookie
        on cookie.tenant_id = lead.tenant_id and cookie.lead_id = lead.lead_id
    inner join {{ ref('fct_touchpoint') }} as touch
        on
            touch.tenant_id = cookie.tenant_id
            and touch.anonymous_id = cookie.anonymous_id
            and touch.occurred_at <= lead.created_at
    where {{ is_changed('lead') }}
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

{% call changed_keys() %}
    select
        tenant_id,
        lead_id
    from {{ changes(ref('fct_lead'), ['tenant_id', 'lead_id', 'created_at']) }} as lead
    union all
    select
        tenant_id,
        lead_id
    from {{ changes(ref('int_lead_cookie_match')) }} as cookie
    union all
    select
        cookie.tenant_id,
        cookie.lead_id
    from {{ changes(ref('fct_touchpoint')) }} as touch
    inner join {{ ref('int_lead_cookie_match') }} as cookie
        on cookie.tenant_id = touch.tenant_id and cookie.anonymous_id = touch.anonymous_id
{% endcall %}
