{#- Visits and journeys only group: tenant by tenant, their touches and conversions are those of the facts. -#}
with counted as (
    select 'fct_session' as mart, tenant_id, sum(touch_count) as event_count
    from {{ ref('fct_session') }}
    group by tenant_id
    union all
    select 'fct_session', tenant_id, -count(*)
    from {{ ref('fct_touchpoint') }}
    where
        anonymous_id is not null
        and kind not in ('view', 'impression', 'meeting', 'call', 'email_open', 'email_sent')
    group by tenant_id
    union all
    select 'fct_journey', tenant_id, sum(touch_count)
    from {{ ref('fct_journey') }}
    group by tenant_id
    union all
    select 'fct_journey', tenant_id, -count(*)
    from {{ ref('fct_touchpoint') }}
    group by tenant_id
    union all
    select 'conversions', tenant_id, count(*)
    from {{ ref('fct_journey') }}
    where is_converted
    group by tenant_id
    union all
    select 'conversions', tenant_id, -count(*)
    from {{ ref('fct_conversion') }}
    group by tenant_id
)

select mart, tenant_id, sum(event_count) as surplus_count
from counted
group by mart, tenant_id
having sum(event_count) <> 0
