{{
    config(
        meta={'delta_key': ['tenant_id', 'person_id'], 'change_log': ['tenant_id', 'person_id']},
        indexes=[
            {'columns': ['tenant_id', 'person_id'], 'unique': true},
            {'columns': ['tenant_id', 'email']},
        ],
    )
}}

-- All persons that dim_person_identity knows, also of records deleted since it was built: whatever takes its persons
-- from that table finds them here.
with known as (
    select
        identity.tenant_id,
        identity.person_id,
        identity.is_conflicting,
        identity.source_system,
        identity.source_id,
        case when identity.source_system in ('contact', 'lead') then identity.source_id::uuid end as source_uuid
    from {{ ref('dim_person_identity') }} as identity
    where
        identity.source_system <> 'cookie'
        and identity.rule is distinct from 'merged'
        and {{ is_changed('identity') }}
),

-- each system's records of these persons, looked up by its own key
sources as (
    select
        record.tenant_id,
        'contact' as source_system,
        1 as priority,
        record.contact_id::text as source_id,
        record.email,
        record.first_name,
        record.last_name,
        record.phone,
        record.job_title,
        record.language,
        record.lifecycle_stage,
        record.company_id,
        record.has_marketing_consent,
        null::text as subscriber_state,
        record.created_at
    from known
    inner join {{ ref('stg_operational__contacts') }} as record
        on record.tenant_id = known.tenant_id and record.contact_id = known.source_uuid
    where known.source_system = 'contact' and not record.is_deleted
    union all
    select
        record.tenant_id,
        'hubspot' as source_system,
        2 as priority,
        record.contact_id as source_id,
        record.email,
        record.first_name,
        record.last_name,
        record.phone,
        record.job_title,
        record.language,
        record.lifecycle_stage,
        null::uuid as company_id,
        false as has_marketing_consent,
        null::text as subscriber_state,
        record.created_at
    from known
    inner join {{ ref('stg_hubspot__contacts') }} as record
        on record.tenant_id = known.tenant_id and record.contact_id = known.source_id
    where known.source_system = 'hubspot' and not record.is_deleted
    union all
    select
        record.tenant_id,
        'kit' as source_system,
        3 as priority,
        record.subscriber_id as source_id,
        record.email,
        record.first_name,
        null as last_name,
        null as phone,
        null as job_title,
        null as language,
        null as lifecycle_stage,
        null::uuid as company_id,
        false as has_marketing_consent,
        record.state as subscriber_state,
        record.created_at
    from known
    inner join {{ ref('stg_kit__subscribers') }} as record
        on record.tenant_id = known.tenant_id and record.subscriber_id = known.source_id
    where known.source_system = 'kit' and not record.is_deleted
    union all
    select
        record.tenant_id,
        'lead' as source_system,
        4 as priority,
        record.lead_id::text as source_id,
        record.email,
        nullif(split_part(btrim(full_name), ' ', 1), '') as first_name,
        nullif(substring(btrim(full_name) from ' +(.*)$'), '') as last_name,
        null as phone,
        record.job_title,
        record.language,
        null as lifecycle_stage,
        record.company_id,
        record.has_marketing_consent,
        null::text as subscriber_state,
        record.created_at
    from known
    inner join {{ ref('stg_operational__leads') }} as record
        on record.tenant_id = known.tenant_id and record.lead_id = known.source_uuid
    where known.source_system = 'lead' and not record.is_deleted
    union all
    select
        record.tenant_id,
        'stripe' as source_system,
        5 as priority,
        record.customer_id as source_id,
        record.email,
        null as first_name,
        null as last_name,
        null as phone,
        null as job_title,
        null as language,
        null as lifecycle_stage,
        null::uuid as company_id,
        false as has_marketing_consent,
        null::text as subscriber_state,
        record.created_at
    from known
    inner join {{ ref('stg_stripe__customers') }} as record
        on record.tenant_id = known.tenant_id and record.customer_id = known.source_id
    where known.source_system = 'stripe' and not record.is_deleted
),

{%- set oldest = 'order by priority, created_at, source_id' %}

people as (
    select
        known.tenant_id,
        known.person_id,
        known.is_conflicting,
        known.source_system,
        known.source_id,
        sources.priority,
        sources.email,
        sources.first_name,
        sources.last_name,
        sources.phone,
        sources.job_title,
        sources.language,
        sources.lifecycle_stage,
        sources.company_id,
        sources.has_marketing_consent,
        sources.subscriber_state,
        sources.created_at
    from known
    left join sources
        on
            sources.tenant_id = known.tenant_id
            and sources.source_system = known.source_system
            and sources.source_id = known.source_id
)

select
    tenant_id,
    person_id,
    {%- for source_system, column, kind in [
        ('contact', 'contact_id', 'uuid'),
        ('hubspot', 'hubspot_contact_id', 'text'),
        ('kit', 'kit_subscriber_id', 'text'),
        ('stripe', 'stripe_customer_id', 'text'),
    ] %}
    (array_agg(source_id {{ oldest }}) filter (where source_system = '{{ source_system }}'))[1]::{{ kind }}
        as {{ column }},
    {%- endfor %}
    {%- for column in ['email', 'first_name', 'last_name', 'phone', 'job_title', 'language', 'lifecycle_stage',
        'company_id'] %}
    (array_agg({{ column }} {{ oldest }}) filter (where {{ column }} is not null))[1] as {{ column }},
    {%- endfor %}
    coalesce(
        bool_or(has_marketing_consent) filter (where source_system = 'contact'), bool_or(has_marketing_consent), false
    ) as has_marketing_consent,
    bool_or(coalesce(subscriber_state = 'active', false)) as is_subscribed,
    count(*) filter (where source_system = 'lead') as lead_count,
    count(*) as source_record_count,
    count(*) filter (where is_conflicting) as conflicting_record_count,
    min(created_at) as created_at
from people
group by tenant_id, person_id

{% call changed_keys() %}
    select
        tenant_id,
        person_id
    from {{ changes(ref('dim_person_identity')) }} as identity
    {% for source_system, staged, key in [
        ('contact', 'stg_operational__contacts', 'contact_id::text'),
        ('hubspot', 'stg_hubspot__contacts', 'contact_id'),
        ('kit', 'stg_kit__subscribers', 'subscriber_id'),
        ('lead', 'stg_operational__leads', 'lead_id::text'),
        ('stripe', 'stg_stripe__customers', 'customer_id'),
    ] %}
        union all
        select
            identity.tenant_id,
            identity.person_id
        from {{ changes(ref(staged)) }} as record
        inner join {{ ref('dim_person_identity') }} as identity
            on
                identity.tenant_id = record.tenant_id
                and identity.source_system = '{{ source_system }}'
                and identity.source_id = record.{{ key }}
    {% endfor %}
{% endcall %}
