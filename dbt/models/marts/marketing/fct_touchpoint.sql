{{
    config(
        meta={
            'delta_key': ['tenant_id', 'touchpoint_id'],
            'change_log': ['tenant_id', 'touchpoint_id', 'anonymous_id', 'person_id', 'occurred_at'],
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

with touches as (
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
        lower(touch.kind) as kind,
        nullif(touch.channel, 'unknown') as told_channel,
        {%- for name in ['utm_source', 'utm_medium', 'utm_campaign'] %}
        coalesce(nullif(lower(btrim(touch.{{ name }})), ''), {{ url_parameter('touch.landing_page', name) }})
            as {{ name }},
        {%- endfor %}
        touch.landing_page,
        touch.referrer,
        nullif({{ normalise_domain('touch.referrer') }}, tenant.domain) as referrer_domain,
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
),

signed as (
    select
        *,
        hash_record_extended(
            row(
                told_channel, kind, utm_source, utm_medium, utm_campaign, referrer_domain,
                {{ url_path('landing_page') }}
            ),
            0
        ) as signature
    from touches
),

-- Touchpoints come in few kinds: the rules are tried on each kind once.
signatures as (
    select distinct on (tenant_id, signature)
        tenant_id,
        signature,
        told_channel,
        kind,
        utm_source,
        utm_medium,
        utm_campaign,
        referrer_domain as referrer,
        {{ url_path('landing_page') }} as landing_page
    from signed
    order by tenant_id, signature
),

grouped as (
    select distinct on (signatures.tenant_id, signatures.signature)
        signatures.tenant_id,
        signatures.signature,
        rule.channel
    from signatures
    inner join {{ ref('dim_channel_rule') }} as rule on rule.tenant_id = signatures.tenant_id
    where
        rule.is_valid
        and (rule.is_own or signatures.told_channel is null)
        {%- for condition in channel_conditions() %}
        and {{ matches_patterns('signatures.' ~ condition, like_patterns('rule.' ~ condition)) }}
        {%- endfor %}
    order by signatures.tenant_id, signatures.signature, rule.position
)

select
    signed.tenant_id,
    signed.touchpoint_id,
    signed.person_id,
    signed.anonymous_id,
    signed.lead_id,
    signed.contact_id,
    signed.campaign_id,
    signed.kind,
    coalesce(
        grouped.channel, signed.told_channel, case when signed.kind in ('visit', 'form') then 'direct' end, 'unknown'
    ) as channel,
    signed.utm_source,
    signed.utm_medium,
    signed.utm_campaign,
    signed.landing_page,
    signed.referrer,
    signed.device,
    signed.occurred_at,
    signed.occurred_date,
    signed.created_at,
    signed.synced_at
from signed
left join grouped on grouped.tenant_id = signed.tenant_id and grouped.signature = signed.signature

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
    union all
    select
        built.tenant_id,
        built.touchpoint_id
    from {{ changes(ref('dim_channel_rule')) }} as rule
    inner join {{ this }} as built on built.tenant_id = rule.tenant_id
{% endcall %}
