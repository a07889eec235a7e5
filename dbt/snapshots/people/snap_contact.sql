{% snapshot snap_contact %}
    {{
        config(
            schema='intermediate',
            unique_key=['tenant_id', 'source_system', 'source_id'],
            strategy='check',
            check_cols=[
                'email', 'first_name', 'last_name', 'phone', 'job_title', 'language', 'lifecycle_stage', 'company_id',
                'subscriber_state', 'has_marketing_consent',
            ],
            hard_deletes='invalidate',
            post_hook=[
                "alter table {{ this }} alter tenant_id set not null",
                "{{ forget_erased(ref('stg_hubspot__contacts'), 'contact_id') }}",
            ],
        )
    }}
    select
        tenant_id,
        'contact' as source_system,
        contact_id::text as source_id,
        email,
        first_name,
        last_name,
        phone,
        job_title,
        language,
        lifecycle_stage,
        company_id::text as company_id,
        null::text as subscriber_state,
        has_marketing_consent,
        created_at
    from {{ ref('stg_operational__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'hubspot' as source_system,
        contact_id as source_id,
        email,
        first_name,
        last_name,
        phone,
        job_title,
        language,
        lifecycle_stage,
        null as company_id,
        null as subscriber_state,
        null::boolean as has_marketing_consent,
        created_at
    from {{ ref('stg_hubspot__contacts') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'kit' as source_system,
        subscriber_id as source_id,
        email,
        first_name,
        null as last_name,
        null as phone,
        null as job_title,
        null as language,
        null as lifecycle_stage,
        null as company_id,
        state as subscriber_state,
        null::boolean as has_marketing_consent,
        created_at
    from {{ ref('stg_kit__subscribers') }}
    where not is_deleted
{% endsnapshot %}
