{% snapshot snap_company %}
    {{
        config(
            schema='intermediate',
            unique_key=['tenant_id', 'source_system', 'source_id'],
            strategy='check',
            check_cols=['company_name', 'domain', 'industry', 'employee_count', 'country', 'city'],
            hard_deletes='invalidate',
            meta={'delta_key': ['tenant_id', 'source_system', 'source_id']},
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
    from {{ ref('int_company_record') }} as record
    where {{ is_changed('record') }}

    {% call changed_keys() %}
        {{ keys_of_changes(['int_company_record']) }}
    {% endcall %}
{% endsnapshot %}
