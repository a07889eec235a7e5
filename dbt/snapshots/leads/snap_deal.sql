{% snapshot snap_deal %}
    {{
        config(
            schema='intermediate',
            unique_key=['tenant_id', 'source_system', 'deal_id'],
            strategy='check',
            check_cols=[
                'deal_name', 'pipeline_id', 'stage_id', 'status', 'amount_cents', 'currency', 'expected_close_date',
                'closed_at', 'lead_id', 'contact_id', 'company_id',
            ],
            hard_deletes='invalidate',
            post_hook="alter table {{ this }} alter tenant_id set not null",
        )
    }}
    select
        tenant_id,
        'operational' as source_system,
        deal_id::text as deal_id,
        deal_name,
        pipeline_id::text as pipeline_id,
        stage_id::text as stage_id,
        status,
        amount_cents,
        currency,
        expected_close_date,
        closed_at,
        lead_id,
        contact_id::text as contact_id,
        company_id::text as company_id,
        created_at
    from {{ ref('stg_operational__deals') }}
    where not is_deleted
    union all
    select
        tenant_id,
        'hubspot' as source_system,
        deal_id,
        deal_name,
        pipeline_id,
        stage_id,
        case when is_won then 'won' end as status,
        amount_cents,
        currency,
        null::date as expected_close_date,
        close_at as closed_at,
        null::uuid as lead_id,
        null as contact_id,
        null as company_id,
        created_at
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
{% endsnapshot %}
