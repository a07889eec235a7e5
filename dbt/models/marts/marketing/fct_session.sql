{{
    config(
        meta={
            'delta_key': ['tenant_id', 'anonymous_id'],
            'change_log': ['tenant_id', 'session_id'],
        },
        indexes=[
            {'columns': ['tenant_id', 'session_id'], 'unique': true},
            {'columns': ['tenant_id', 'anonymous_id']},
            {'columns': ['tenant_id', 'started_date']},
        ],
    )
}}

with touches as (
    select
        touch.*,
        nullif(concat_ws('/', touch.utm_source, touch.utm_medium, touch.utm_campaign), '') as origin
    from {{ ref('fct_touchpoint') }} as touch
    where
        touch.anonymous_id is not null
        -- what happens away from the site is no part of a visit
        and touch.kind not in ('view', 'impression', 'meeting', 'call', 'email_open', 'email_sent')
        and {{ is_changed('touch') }}
),

-- The last origin that was named up to each touch: a page without one belongs to the visit it is seen in.
numbered as (
    select
        *,
        count(origin) over (
            partition by tenant_id, anonymous_id order by occurred_at, touchpoint_id
        ) as origin_number
    from touches
),

carried as (
    select
        *,
        first_value(origin) over (
            partition by tenant_id, anonymous_id, origin_number order by occurred_at, touchpoint_id
        ) as known_origin
    from numbered
),

begun as (
    select
        *,
        coalesce(
            occurred_at - lag(occurred_at) over cookie > interval '{{ var("session_gap_minutes") }} minutes'
            or (origin is not null and origin is distinct from lag(known_origin) over cookie),
            true
        ) as is_first
    from carried
    window cookie as (partition by tenant_id, anonymous_id order by occurred_at, touchpoint_id)
),

counted as (
    select
        *,
        count(*) filter (where is_first) over (
            partition by tenant_id, anonymous_id order by occurred_at, touchpoint_id
        ) as session_number
    from begun
),

sessions as (
    select
        tenant_id,
        anonymous_id,
        session_number,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as touch_count,
        count(*) filter (where kind = 'form') as form_count,
        lead(min(occurred_at)) over (partition by tenant_id, anonymous_id order by session_number) as next_started_at
    from counted
    group by tenant_id, anonymous_id, session_number
),

leads as (
    select
        sessions.tenant_id,
        sessions.anonymous_id,
        sessions.session_number,
        count(*) as lead_count
    from sessions
    inner join {{ ref('fct_lead') }} as lead
        on
            lead.tenant_id = sessions.tenant_id
            and lead.anonymous_id = sessions.anonymous_id
            and lead.created_at >= sessions.started_at
            and lead.created_at <= sessions.ended_at + interval '{{ var("session_gap_minutes") }} minutes'
            and lead.created_at < coalesce(sessions.next_started_at, 'infinity')
    group by sessions.tenant_id, sessions.anonymous_id, sessions.session_number
)

select
    entry.tenant_id,
    entry.touchpoint_id as session_id,
    entry.anonymous_id,
    entry.person_id,
    sessions.session_number,
    sessions.started_at,
    sessions.ended_at,
    entry.occurred_date as started_date,
    extract(epoch from sessions.ended_at - sessions.started_at)::bigint as duration_seconds,
    entry.channel,
    entry.campaign_id,
    entry.utm_source,
    entry.utm_medium,
    entry.utm_campaign,
    entry.landing_page,
    entry.referrer,
    entry.device,
    sessions.touch_count,
    sessions.form_count,
    coalesce(leads.lead_count, 0) as lead_count
from sessions
inner join counted as entry
    on
        entry.tenant_id = sessions.tenant_id
        and entry.anonymous_id = sessions.anonymous_id
        and entry.session_number = sessions.session_number
        and entry.is_first
left join leads
    on
        leads.tenant_id = sessions.tenant_id
        and leads.anonymous_id = sessions.anonymous_id
        and leads.session_number = sessions.session_number

{% call changed_keys() %}
    select
        tenant_id,
        anonymous_id
    from {{ changes(ref('fct_touchpoint')) }} as touch
    union all
    select
        tenant_id,
        anonymous_id
    from {{ changes(ref('fct_lead'), ['tenant_id', 'lead_id', 'anonymous_id', 'created_at']) }} as lead
{% endcall %}
