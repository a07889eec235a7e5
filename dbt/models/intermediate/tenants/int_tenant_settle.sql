select
    tenant.tenant_id,
    tenant.tenant_name,
    tenant.domain,
    coalesce(tenant.status, 'active') as status,
    coalesce(zone.name, '{{ var("default_timezone") }}') as timezone,
    case
        when upper(tenant.settings ->> 'currency') ~ '^[A-Z]{3}$' then upper(tenant.settings ->> 'currency')
        else '{{ var("default_currency") }}'
    end as currency,
    tenant.created_at,
    tenant.synced_at
from {{ ref('stg_operational__tenants') }} as tenant
left join pg_timezone_names as zone on zone.name = tenant.settings ->> 'timezone'
where not tenant.is_deleted
