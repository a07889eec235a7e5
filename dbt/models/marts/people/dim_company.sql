{{ config(indexes=[{'columns': ['tenant_id', 'company_key'], 'unique': true}]) }}

with sources as (
    select
        tenant_id,
        'operational' as source_system,
        1 as priority,
        company_id::text as source_id,
        company_id,
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
        2 as priority,
        company_id as source_id,
        operational_company_id as company_id,
        company_name,
        domain,
        industry,
        employee_count,
        country,
        city,
        created_at
    from {{ ref('stg_hubspot__companies') }}
    where not is_deleted
),

keyed as (
    select
        sources.*,
        coalesce(
            'domain:' || coalesce(named.domain, case when named.company_id is null then sources.domain end),
            'operational:' || named.company_id::text,
            sources.source_system || ':' || sources.source_id
        ) as company_key
    from sources
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = sources.tenant_id
    left join {{ ref('stg_operational__companies') }} as named
        on named.tenant_id = sources.tenant_id and named.company_id = sources.company_id and not named.is_deleted
)

select
    tenant_id,
    company_key,
    (array_agg(source_id order by priority, created_at, source_id) filter (where source_system = 'operational'))[1]
        ::uuid as company_id,
    (array_agg(source_id order by priority, created_at, source_id) filter (where source_system = 'hubspot'))[1]
        as hubspot_company_id,
    (array_agg(company_name order by priority, created_at, source_id) filter (where company_name is not null))[1]
        as company_name,
    (array_agg(domain order by priority, created_at, source_id) filter (where domain is not null))[1] as domain,
    (array_agg(industry order by priority, created_at, source_id) filter (where industry is not null))[1] as industry,
    (array_agg(employee_count order by priority, created_at, source_id) filter (where employee_count is not null))[1]
        as employee_count,
    (array_agg(country order by priority, created_at, source_id) filter (where country is not null))[1] as country,
    (array_agg(city order by priority, created_at, source_id) filter (where city is not null))[1] as city,
    count(*) as source_record_count,
    min(created_at) as created_at
from keyed
group by tenant_id, company_key
