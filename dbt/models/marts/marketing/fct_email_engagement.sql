{{
    config(
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'event_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id', 'occurred_at']},
        ],
    )
}}

with kit as (
    select
        tenant_id,
        subscriber_id,
        'subscribed' as kind,
        'subscribed:' || subscriber_id as event_id,
        null as subject,
        created_at as occurred_at
    from {{ ref('stg_kit__subscribers') }}
    where not is_deleted
    union all
    select
        tenant_id,
        subscriber_id,
        'unsubscribed' as kind,
        'unsubscribed:' || subscriber_id as event_id,
        state as subject,
        canceled_at as occurred_at
    from {{ ref('stg_kit__subscribers') }}
    where not is_deleted and canceled_at is not null
    {%- for pairs, parent, key, name, moment, kind in [
        ('stg_kit__form_subscribers', 'stg_kit__forms', 'form_id', 'form_name', 'added_at', 'form_joined'),
        ('stg_kit__sequence_subscribers', 'stg_kit__sequences', 'sequence_id', 'sequence_name', 'added_at',
            'sequence_started'),
        ('stg_kit__tag_subscribers', 'stg_kit__tags', 'tag_id', 'tag_name', 'tagged_at', 'tagged'),
    ] %}
    union all
    select
        pair.tenant_id,
        pair.subscriber_id,
        '{{ kind }}' as kind,
        '{{ kind }}:' || pair.{{ key }} || ':' || pair.subscriber_id as event_id,
        parent.{{ name }} as subject,
        pair.{{ moment }} as occurred_at
    from {{ ref(pairs) }} as pair
    inner join {{ ref(parent) }} as parent
        on parent.tenant_id = pair.tenant_id and parent.{{ key }} = pair.{{ key }} and not parent.is_deleted
    where not pair.is_deleted
    {%- endfor %}
),

events as (
    select
        kit.tenant_id,
        'kit' as source_system,
        kit.event_id,
        person.person_id,
        kit.kind,
        kit.subject,
        null::uuid as campaign_id,
        kit.occurred_at
    from kit
    inner join {{ ref('dim_person_identity') }} as person
        on
            person.tenant_id = kit.tenant_id
            and person.source_system = 'kit'
            and person.source_id = kit.subscriber_id
    union all
    select
        email.tenant_id,
        'hubspot' as source_system,
        email.engagement_id || ':' || pair.to_id as event_id,
        person.person_id,
        coalesce(email.email_direction, 'sent') as kind,
        email.subject,
        null::uuid as campaign_id,
        email.occurred_at
    from {{ ref('stg_hubspot__engagements') }} as email
    inner join {{ ref('stg_hubspot__associations') }} as pair
        on
            pair.tenant_id = email.tenant_id
            and pair.from_kind = 'emails'
            and pair.from_id = email.engagement_id
            and pair.to_kind = 'contacts'
            and not pair.is_deleted
    inner join {{ ref('dim_person_identity') }} as person
        on
            person.tenant_id = pair.tenant_id
            and person.source_system = 'hubspot'
            and person.source_id = pair.to_id
    where email.kind = 'email' and not email.is_deleted
    union all
    select
        tenant_id,
        'operational' as source_system,
        touchpoint_id::text as event_id,
        person_id,
        case kind when 'email_open' then 'opened' when 'email_sent' then 'sent' else 'clicked' end as kind,
        null as subject,
        campaign_id,
        occurred_at
    from {{ ref('fct_touchpoint') }}
    where kind in ('email_click', 'email_open', 'email_sent')
)

select
    events.tenant_id,
    events.source_system,
    events.event_id,
    events.person_id,
    events.kind,
    events.subject,
    events.campaign_id,
    events.occurred_at,
    {{ tenant_date('events.occurred_at', 'tenant.timezone') }} as occurred_date
from events
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = events.tenant_id
