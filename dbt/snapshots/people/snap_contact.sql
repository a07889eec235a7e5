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
            post_hook="{{ forget_erased(ref('stg_hubspot__contacts'), 'contact_id') }}",
            meta={'delta_key': ['tenant_id', 'source_system', 'source_id']},
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
    from {{ ref('stg_operational__contacts') }} as contact
    where
        not is_deleted
        and {{ is_changed('contact', {'source_system': "'contact'", 'source_id': 'contact.contact_id::text'}) }}
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
    from {{ ref('stg_hubspot__contacts') }} as contact
    where
        not is_deleted
        and {{ is_changed('contact', {'source_system': "'hubspot'", 'source_id': 'contact.contact_id'}) }}
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
    from {{ ref('stg_kit__subscribers') }} as subscriber
    where
        not is_deleted
        and {{ is_changed('subscriber', {'source_system': "'kit'", 'source_id': 'subscriber.subscriber_id'}) }}

    {% call changed_keys() %}
        select
            tenant_id,
            'contact' as source_system,
            contact_id::text as source_id
        from {{ changes(ref('stg_operational__contacts')) }} as contact
        union all
        select
            tenant_id,
            'hubspot' as source_system,
            contact_id as source_id
        from {{ changes(ref('stg_hubspot__contacts')) }} as contact
        union all
        select
            tenant_id,
            'kit' as source_system,
            subscriber_id as source_id
        from {{ changes(ref('stg_kit__subscribers')) }} as subscriber
    {% endcall %}
{% endsnapshot %}
