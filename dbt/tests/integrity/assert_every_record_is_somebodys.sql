{#-
  Each living record of a person is one person's and no other's: identity has as many rows as the records' staging. That is
  read as it is now: a record written since identity was built, living or deleted, may be in it or not.
-#}
{% set records = {
    'contact': 'stg_operational__contacts',
    'lead': 'stg_operational__leads',
    'hubspot': 'stg_hubspot__contacts',
    'stripe': 'stg_stripe__customers',
    'kit': 'stg_kit__subscribers',
} %}
with counted as (
    {% for source_system, staged in records.items() %}
        select
            tenant_id,
            '{{ source_system }}' as source_system,
            0 as person_count,
            count(*) filter (where not is_moved and not is_deleted) as settled_count,
            count(*) filter (where is_moved) as moved_count
        from (
            select tenant_id, is_deleted, {{ is_written_since_build_of('dim_person_identity') }} as is_moved
            from {{ ref(staged) }}
            where tenant_id in (select tenant_id from {{ ref('dim_tenant') }})
        ) as record
        group by tenant_id
        union all
    {% endfor %}
    select tenant_id, source_system, count(*), 0, 0
    from {{ ref('dim_person_identity') }}
    where source_system <> 'cookie' and rule <> 'merged'
    group by tenant_id, source_system
    union all
    select tenant_id, 'all', sum(source_record_count), 0, 0
    from {{ ref('dim_contact') }}
    group by tenant_id
    union all
    select tenant_id, 'all', 0, count(*), 0
    from {{ ref('dim_person_identity') }}
    where source_system <> 'cookie' and rule <> 'merged'
    group by tenant_id
)

select
    tenant_id,
    source_system,
    sum(person_count) as person_count,
    sum(settled_count) as settled_count,
    sum(moved_count) as moved_count
from counted
group by tenant_id, source_system
having sum(person_count) not between sum(settled_count) and sum(settled_count) + sum(moved_count)
