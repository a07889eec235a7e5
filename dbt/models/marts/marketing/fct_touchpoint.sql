{{
    config(
        meta={
            'delta_key': ['tenant_id', 'touchpoint_id'],
            'change_log': ['tenant_id', 'touchpoint_id', 'anonymous_id', 'occurred_at'],
        },
        indexes=[
            {'columns': ['tenant_id', 'touchpoint_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id', 'occurred_at']},
            {'columns': ['tenant_id', 'anonymous_id']},
            {'columns': ['tenant_id', 'lead_id']},
        ],
    )
}}

select
    touch.tenant_id,
    touch.touchpoint_id,
    coalesce(
        'contact:' || touch.contact_id::text,
        lead.person_id,
        cookie.person_id,
        'anon:' || touch.anonymous_id,
        'touchpoint:' || touch.touchpoint_id::text
    ) as person_id,
    touch.anonymous_id,
    touch.lead_id,
    touch.contact_id,
    touch.campaign_id,
    touch.kind,
    touch.channel,
    touch.utm_source,
    touch.utm_medium,
    touch.utm_campaign,
    touch.landing_page,
    touch.referrer,
    touch.device,
    touch.occurred_at,
    {{ tenant_date('touch.occurred_at', 'tenant.timezone') }} as occurred_date,
    touch.created_at,
    greatest(touch.synced_at, lead.synced_at, cookie.synced_at, tenant.synced_at) as synced_at
from {{ ref('stg_operational__touchpoints') }} as touch
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = touch.tenant_id
left join {{ ref('int_lead_identify') }} as lead
    on lead.tenant_id = touch.tenant_id and lead.lead_id = touch.lead_id
left join {{ ref('int_person_resolve') }} as cookie
    on cookie.tenant_id = touch.tenant_id and cookie.anonymous_id = touch.anonymous_id
where not touch.is_deleted and {{ is_changed('touch') }}

{% call changed_keys() %}
    select
        tenant_id,
        touchpoint_id
    from {{ changes(ref('stg_operational__touchpoints')) }} as touch
    union all
    select
        built.tenant_id,
        built.touchpoint_id
    from {{ changes(ref('int_lead_identify')) }} as lead
    inner join {{ this }} as built on built.tenant_id = lead.tenant_id and built.lead_id = lead.lead_id
    union all
    select
        built.tenant_id,
        built.touchpoint_id
    from {{ changes(ref('int_person_resolve')) }} as cookie
    inner join {{ this }} as built on built.tenant_id = cookie.tenant_id and built.anonymous_id = cookie.anonymous_id
{% endcall %}
