{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'event_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'event_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id', 'occurred_at']},
        ],
    )
}}

{#- What a subscriber joined: its pairs with a parent, the parent's key and name, when, and the event's name. -#}
{% set joined = [
    ('stg_kit__form_subscribers', 'stg_kit__forms', 'form_id', 'form_name', 'added_at', 'form_joined'),
    ('stg_kit__sequence_subscribers', 'stg_kit__sequences', 'sequence_id', 'sequence_name', 'added_at',
        'sequence_started'),
    ('stg_kit__tag_subscribers', 'stg_kit__tags', 'tag_id', 'tag_name', 'tagged_at', 'tagged'),
] %}
{% set of_kit = {'source_system': "'kit'"} %}

with kit as (
    {%- for kind, subject, moment in [
        ('subscribed', 'null', 'created_at'), ('unsubscribed', 'subscriber.state', 'canceled_at'),
    ] %}
    select
        subscriber.tenant_id,
        subscriber.subscriber_id,
        '{{ kind }}' as kind,
        '{{ kind }}:' || subscriber.subscriber_id as event_id,
        {{ subject }} as subject,
        subscriber.{{ moment }} as occurred_at
    from {{ ref('stg_kit__subscribers') }} as subscriber
    where
        not subscriber.is_deleted
        {{ 'and subscriber.canceled_at is not null' if kind == 'unsubscribed' }}
        and {{ is_changed('subscriber', dict(of_kit, event_id="'" ~ kind ~ ":' || subscriber.subscriber_id")) }}
    union all
    {%- endfor %}
    {%- for pairs, parent, key, name, moment, kind in joined %}
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
    where
        not pair.is_deleted
        and {{ is_changed('pair', dict(
            of_kit, event_id="'" ~ kind ~ ":' || pair." ~ key ~ " || ':' || pair.subscriber_id"
        )) }}
    {{ 'union all' if not loop.last }}
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
    where
        email.kind = 'email'
        and not email.is_deleted
        and {{ is_changed('email', {
            'source_system': "'hubspot'", 'event_id': "email.engagement_id || ':' || pair.to_id"
        }) }}
    union all
    select
        touch.tenant_id,
        'operational' as source_system,
        touch.touchpoint_id::text as event_id,
        touch.person_id,
        case touch.kind when 'email_open' then 'opened' when 'email_sent' then 'sent' else 'clicked' end as kind,
        null as subject,
        touch.campaign_id,
        touch.occurred_at
    from {{ ref('fct_touchpoint') }} as touch
    where
        touch.kind in ('email_click', 'email_open', 'email_sent')
        and {{ is_changed('touch', {'source_system': "'operational'", 'event_id': 'touch.touchpoint_id::text'}) }}
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

{% call changed_keys() %}
    {% for pairs, parent, key, _, _, kind in joined %}
        {% set event_id = "'" ~ kind ~ ":' || pair." ~ key ~ " || ':' || pair.subscriber_id" %}
        select
            pair.tenant_id,
            'kit' as source_system,
            {{ event_id }} as event_id
        from {{ changes(ref(pairs)) }} as pair
        union all
        select
            pair.tenant_id,
            'kit' as source_system,
            {{ event_id }} as event_id
        from {{ changes(ref(parent)) }} as parent
        inner join {{ ref(pairs) }} as pair on pair.tenant_id = parent.tenant_id and pair.{{ key }} = parent.{{ key }}
        union all
        select
            pair.tenant_id,
            'kit' as source_system,
            {{ event_id }} as event_id
        from {{ changes(ref('dim_person_identity')) }} as person
        inner join {{ ref(pairs) }} as pair
            on pair.tenant_id = person.tenant_id and pair.subscriber_id = person.source_id
        where person.source_system = 'kit'
        union all
    {% endfor %}
    {% for kind in ['subscribed', 'unsubscribed'] %}
        select
            tenant_id,
            'kit' as source_system,
            '{{ kind }}:' || subscriber_id as event_id
        from {{ changes(ref('stg_kit__subscribers')) }} as subscriber
        union all
        select
            tenant_id,
            'kit' as source_system,
            '{{ kind }}:' || source_id as event_id
        from {{ changes(ref('dim_person_identity')) }} as person
        where source_system = 'kit'
        union all
    {% endfor %}
    select
        pair.tenant_id,
        'hubspot' as source_system,
        pair.from_id || ':' || pair.to_id as event_id
    from {{ changes(ref('stg_hubspot__associations')) }} as pair
    where pair.from_kind = 'emails' and pair.to_kind = 'contacts'
    union all
    select
        pair.tenant_id,
        'hubspot' as source_system,
        pair.from_id || ':' || pair.to_id as event_id
    from {{ changes(ref('stg_hubspot__engagements')) }} as email
    inner join {{ ref('stg_hubspot__associations') }} as pair
        on pair.tenant_id = email.tenant_id and pair.from_id = email.engagement_id
    where email.kind = 'email' and pair.from_kind = 'emails' and pair.to_kind = 'contacts'
    union all
    select
        pair.tenant_id,
        'hubspot' as source_system,
        pair.from_id || ':' || pair.to_id as event_id
    from {{ changes(ref('dim_person_identity')) }} as person
    inner join {{ ref('stg_hubspot__associations') }} as pair
        on pair.tenant_id = person.tenant_id and pair.to_id = person.source_id
    where person.source_system = 'hubspot' and pair.from_kind = 'emails' and pair.to_kind = 'contacts'
    union all
    select
        tenant_id,
        'operational' as source_system,
        touchpoint_id::text as event_id
    from {{ changes(ref('fct_touchpoint')) }} as touch
{% endcall %}
