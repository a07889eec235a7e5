with tenants as (
    select
        tenant.tenant_id,
        tenant.currency as reporting_currency,
        own.dkk_rate
    from {{ ref('int_tenant_settle') }} as tenant
    left join {{ ref('exchange_rate') }} as own on own.currency = tenant.currency
)

select
    tenants.tenant_id,
    rate.currency,
    tenants.reporting_currency,
    rate.dkk_rate / tenants.dkk_rate as reporting_rate
from tenants
inner join {{ ref('exchange_rate') }} as rate on rate.currency <> tenants.reporting_currency
where tenants.dkk_rate is not null
union all
select
    tenant_id,
    reporting_currency as currency,
    reporting_currency,
    1 as reporting_rate
from tenants
