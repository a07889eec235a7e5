{% snapshot snap_company %}
    {{
        config(
            schema='intermediate',
            unique_key=['tenant_id', 'source_system', 'source_id'],
            strategy='check',
            check_cols=['company_name', 'domain', 'industry', 'employee_count', 'country', 'city'],
            hard_deletes='invalidate',
            post_hook="alter table {{ this }} alter tenant_id set not null",
        )
    }}
    select
        tenant_id,
        'operational' as source_system,
        company_id::text as source_id,
        company_name,
        domain,
        industry,
        employee_count,
        country,
        city,
        created_at
    from {{ ref('stg_operational__companies') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'hubspot' as source_system,
        company_id as source_id,
        company_name,
        domain,
        industry,
        employee_count,
        country,
        city,
        created_at
    from {{ ref('stg_hubspot__companies') }}
    where not is_deleted
{% endsnapshot %}
