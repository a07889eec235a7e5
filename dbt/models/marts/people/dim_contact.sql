{{ config(indexes=[{'columns': ['tenant_id', 'contact_key'], 'unique': true}, {'columns': ['tenant_id', 'email']}]) }}

with sources as (
    select
        tenant_id,
        'operational' as source_system,
        1 as priority,
        contact_id::text as source_id,
        email,
        first_name,
        last_name,
        phone,
        job_title,
        language,
        lifecycle_stage,
        company_id,
        has_marketing_consent,
        null::text as subscriber_state,
        created_at
    from {{ ref('stg_operational__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'hubspot' as source_system,
        2 as priority,
        contact_id as source_id,
        email,
        first_name,
        last_name,
        phone,
        job_title,
        language,
        lifecycle_stage,
        null::uuid as company_id,
        false as has_marketing_consent,
        null::text as subscriber_state,
        created_at
    from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'kit' as source_system,
        3 as priority,
        subscriber_id as source_id,
        email,
        first_name,
        null as last_name,
        null as phone,
        null as job_title,
        null as language,
        null as lifecycle_stage,
        null::uuid as company_id,
        false as has_marketing_consent,
        state as subscriber_state,
        created_at
    from {{ ref('stg_kit__subscribers') }}
    where not is_deleted
),

keyed as (
    select
        *,
        coalesce('email:' || md5(email), source_system || ':' || source_id) as contact_key
    from sources
)

select
    tenant_id,
    contact_key,
    (array_agg(source_id order by priority, created_at, source_id) filter (where source_system = 'operational'))[1]
        ::uuid as contact_id,
    (array_agg(source_id order by priority, created_at, source_id) filter (where source_system = 'hubspot'))[1]
        as hubspot_contact_id,
    (array_agg(source_id order by priority, created_at, source_id) filter (where source_system = 'kit'))[1]
        as kit_subscriber_id,
    min(email) as email,
    (array_agg(first_name order by priority, created_at, source_id) filter (where first_name is not null))[1]
        as first_name,
    (array_agg(last_name order by priority, created_at, source_id) filter (where last_name is not null))[1]
        as last_name,
    (array_agg(phone order by priority, created_at, source_id) filter (where phone is not null))[1] as phone,
    (array_agg(job_title order by priority, created_at, source_id) filter (where job_title is not null))[1]
        as job_title,
    (array_agg(language order by priority, created_at, source_id) filter (where language is not null))[1] as language,
    (array_agg(lifecycle_stage order by priority, created_at, source_id) filter (where lifecycle_stage is not null))[1]
        as lifecycle_stage,
    (array_agg(company_id order by priority, created_at, source_id) filter (where company_id is not null))[1]
        as company_id,
    bool_or(has_marketing_consent) as has_marketing_consent,
    bool_or(coalesce(subscriber_state = 'active', false)) as is_subscribed,
    count(*) as source_record_count,
    min(created_at) as created_at
from keyed
group by tenant_id, contact_key
