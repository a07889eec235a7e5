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
            {'columns': ['tenant_id', 'contact_id']},
        ],
    )
}}

select
    touch.tenant_id,
    touch.touchpoint_id,
    coalesce(
        contact.person_id,
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
    greatest(touch.synced_at, tenant.synced_at) as synced_at
from {{ ref('stg_operational__touchpoints') }} as touch
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = touch.tenant_id
left join {{ ref('dim_person_identity') }} as contact
    on
        contact.tenant_id = touch.tenant_id
        and contact.source_system = 'contact'
        and contact.source_id = touch.contact_id::text
left join {{ ref('dim_person_identity') }} as lead
    on
        lead.tenant_id = touch.tenant_id
        and lead.source_system = 'lead'
        and lead.source_id = touch.lead_id::text
left join {{ ref('dim_person_identity') }} as cookie
    on
        cookie.tenant_id = touch.tenant_id
        and cookie.source_system = 'cookie'
        and cookie.source_id = touch.anonymous_id
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
    from {{ changes(ref('dim_person_identity')) }} as identity
    inner join {{ this }} as built
        on built.tenant_id = identity.tenant_id and built.anonymous_id = identity.source_id
    where identity.source_system = 'cookie'
    {%- for system, column in [('lead', 'lead_id'), ('contact', 'contact_id')] %}
    union all
    select
        built.tenant_id,
        built.touchpoint_id
    from {{ changes(ref('dim_person_identity')) }} as identity
    inner join {{ this }} as built
        on built.tenant_id = identity.tenant_id and built.{{ column }} = {{ try_uuid('identity.source_id') }}
    where identity.source_system = '{{ system }}'
    {%- endfor %}
{% endcall %}
