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
        source_system,
        source_id,
        company_name,
        domain,
        industry,
        employee_count,
        country,
        city,
        created_at
    from {{ ref('int_company_record') }}
{% endsnapshot %}
