{#- Each living record of a person is one person's and no other's: identity has as many rows as the records' staging. -#}
{% set records = {
    'contact': 'stg_operational__contacts',
    'lead': 'stg_operational__leads',
    'hubspot': 'stg_hubspot__contacts',
    'stripe': 'stg_stripe__customers',
    'kit': 'stg_kit__subscribers',
} %}
with counted as (
    {% for source_system, staged in records.items() %}
        select tenant_id, '{{ source_system }}' as source_system, count(*) as record_count
        from {{ ref(staged) }}
        where not is_deleted and tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
        group by tenant_id
        union all
    {% endfor %}
    select tenant_id, source_system, -count(*)
    from {{ ref('dim_person_identity') }}
    where source_system <> 'cookie' and rule <> 'merged'
    group by tenant_id, source_system
    union all
    select tenant_id, 'all', sum(source_record_count)
    from {{ ref('dim_contact') }}
    group by tenant_id
    union all
    select tenant_id, 'all', -count(*)
    from {{ ref('dim_person_identity') }}
    where source_system <> 'cookie' and rule <> 'merged'
    group by tenant_id
)

select tenant_id, source_system, sum(record_count) as surplus_count
from counted
group by tenant_id, source_system
having sum(record_count) <> 0
