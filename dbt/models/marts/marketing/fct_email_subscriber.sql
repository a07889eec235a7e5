{{
    config(
        meta={'delta_key': ['tenant_id', 'subscriber_id'], 'change_log': ['tenant_id', 'subscriber_id', 'created_date']},
        indexes=[{'columns': ['tenant_id', 'subscriber_id'], 'unique': true}],
    )
}}

with tags as (
    select
        worn.tenant_id,
        worn.subscriber_id,
        count(*) as tag_count,
        jsonb_agg(tag.tag_name order by tag.tag_name) as tag_names,
        max(worn.tagged_at) as last_tagged_at
    from {{ ref('stg_kit__tag_subscribers') }} as worn
    inner join {{ ref('stg_kit__tags') }} as tag on tag.tenant_id = worn.tenant_id and tag.tag_id = worn.tag_id
    where not worn.is_deleted and not tag.is_deleted and {{ is_changed('worn') }}
    group by worn.tenant_id, worn.subscriber_id
)

select
    subscriber.tenant_id,
    subscriber.subscriber_id,
    subscriber.email,
    person.person_id,
    coalesce(subscriber.state, 'unknown') as state,
    coalesce(subscriber.state = 'active', false) as is_subscribed,
    coalesce(tags.tag_count, 0) as tag_count,
    coalesce(tags.tag_names, '[]'::jsonb) as tag_names,
    tags.last_tagged_at,
    {{ tenant_date('subscriber.created_at', 'tenant.timezone') }} as created_date,
    subscriber.created_at
from {{ ref('stg_kit__subscribers') }} as subscriber
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = subscriber.tenant_id
inner join {{ ref('dim_person_identity') }} as person
    on
        person.tenant_id = subscriber.tenant_id
        and person.source_system = 'kit'
        and person.source_id = subscriber.subscriber_id
left join tags on tags.tenant_id = subscriber.tenant_id and tags.subscriber_id = subscriber.subscriber_id
where not subscriber.is_deleted and {{ is_changed('subscriber') }}

{% call changed_keys() %}
    select
        tenant_id,
        subscriber_id
    from {{ changes(ref('stg_kit__subscribers')) }} as subscriber
    union all
    select
        tenant_id,
        subscriber_id
    from {{ changes(ref('stg_kit__tag_subscribers')) }} as worn
    union all
    select
        worn.tenant_id,
        worn.subscriber_id
    from {{ changes(ref('stg_kit__tags')) }} as tag
    inner join {{ ref('stg_kit__tag_subscribers') }} as worn
        on worn.tenant_id = tag.tenant_id and worn.tag_id = tag.tag_id
    union all
    select
        tenant_id,
        source_id as subscriber_id
    from {{ changes(ref('dim_person_identity')) }} as person
    where source_system = 'kit'
{% endcall %}
