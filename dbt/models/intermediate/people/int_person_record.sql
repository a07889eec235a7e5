{{
    config(
        materialized='table',
        meta={
            'delta_key': ['tenant_id', 'source_system', 'source_id'],
            'change_log': [
                'tenant_id', 'source_system', 'source_id', 'email_key', 'contact_id', 'lead_id', 'anonymous_id',
                'merged_id',
            ],
        },
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'source_id', 'merged_id'], 'unique': true},
            {'columns': ['tenant_id', 'email_key']},
            {'columns': ['tenant_id', 'contact_id']},
            {'columns': ['tenant_id', 'lead_id']},
            {'columns': ['tenant_id', 'anonymous_id']},
            {'columns': ['tenant_id', 'merged_id']},
        ],
    )
}}

{#- By source: its view, its key, its e-mail address, the name that it gives, what it refers to, and when it began. -#}
{% set own_name = "concat_ws(' ', record.first_name, record.last_name)" %}
{% set sources = [
    ('contact', 'stg_operational__contacts', 'contact_id::text', 'record.email', own_name, {}, 'created_at'),
    ('lead', 'stg_operational__leads', 'lead_id::text', 'record.email', 'record.full_name',
        {'contact_id': 'record.contact_id::text', 'anonymous_id': 'record.anonymous_id'}, 'created_at'),
    ('hubspot', 'stg_hubspot__contacts', 'contact_id', 'record.email', own_name,
        {'contact_id': 'record.operational_contact_id::text'}, 'created_at'),
    ('merged', 'stg_hubspot__contacts', 'contact_id', 'null', 'null', {'merged_id': 'old.contact_id'}, 'created_at'),
    ('stripe', 'stg_stripe__customers', 'customer_id', 'record.email', 'null',
        {'lead_id': 'record.lead_id::text'}, 'created_at'),
    ('kit', 'stg_kit__subscribers', 'subscriber_id', 'record.email', 'null', {}, 'created_at'),
    ('identity', 'stg_operational__identities', 'identity_id::text', 'null', 'null', {
        'contact_id': 'record.contact_id::text', 'lead_id': 'record.lead_id::text',
        'anonymous_id': 'record.anonymous_id',
    }, 'first_seen_at'),
] %}

with records as (
    {% for source_system, staged, key, email, name, references, began in sources %}
        select
            record.tenant_id,
            '{{ source_system }}' as source_system,
            record.{{ key }} as source_id,
            {{ email }}::text as email,
            nullif(lower(btrim({{ name }})), '') as person_name,
            {% for column in ['contact_id', 'lead_id', 'anonymous_id'] %}
                {{ references.get(column, 'null') }}::text as {{ column }},
            {% endfor %}
            {{ references.get('merged_id', "''") }}::text as merged_id,
            record.{{ began }} as began_at
        from {{ ref(staged) }} as record
        {% if source_system == 'merged' %}
            cross join lateral (
                select distinct named.contact_id
                from regexp_split_to_table(record.merged_ids, ';') as named (contact_id)
            ) as old
        {% endif %}
        where
            not record.is_deleted
            {% if source_system == 'merged' %}and old.contact_id <> ''{% endif %}
            and {{ is_changed('record', {
                'source_system': "'" ~ source_system ~ "'", 'source_id': 'record.' ~ key
            }) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    records.tenant_id,
    records.source_system,
    records.source_id,
    records.merged_id,
    records.email,
    -- a log of changes holds no addresses
    hashtextextended(records.email, 0) as email_key,
    records.person_name,
    records.contact_id,
    records.lead_id,
    records.anonymous_id,
    records.began_at
from records
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = records.tenant_id

{% call changed_keys() %}
    {% for source_system, staged, key, _, _, _, _ in sources %}
        select
            tenant_id,
            '{{ source_system }}' as source_system,
            {{ key }} as source_id
        from {{ changes(ref(staged)) }} as record
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
{% endcall %}
