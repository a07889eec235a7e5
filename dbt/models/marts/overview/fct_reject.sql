{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'stream', 'object_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'stream', 'object_id', 'column_name'], 'unique': true},
        ],
    )
}}

{% set places = reject_places() %}
with rejected as (
    {% for source_system, ids in reject_streams().items() %}
        {% set last_source = loop.last %}
        {% for stream, object_id in ids.items() %}
            select
                staged.tenant_id,
                '{{ source_system }}' as source_system,
                '{{ stream }}' as stream,
                staged.{{ object_id }}{{ ' as object_id' if object_id != 'object_id' }},
                {{ places[stream] ~ " || '.' || " if stream in places else '' }}reject.name as column_name,
                reject.detail,
                staged.payload,
                staged.synced_at
            from {{ ref('stg_' ~ source_system ~ '__' ~ stream) }} as staged
            cross join lateral jsonb_each(staged.rejects) as reject (name, detail)
            where
                not staged.is_deleted
                and {{ is_changed('staged', {
                    'source_system': "'" ~ source_system ~ "'",
                    'stream': "'" ~ stream ~ "'",
                    'object_id': 'staged.' ~ object_id,
                }) }}
            {% if not (loop.last and last_source) %}union all{% endif %}
        {% endfor %}
    {% endfor %}
)

-- an object may hold the same value several times, as a property's versions do: one of them is told
select distinct on (
    rejected.tenant_id, rejected.source_system, rejected.stream, rejected.object_id, rejected.column_name
)
    rejected.tenant_id,
    rejected.source_system,
    rejected.stream,
    rejected.object_id,
    rejected.column_name,
    rejected.detail ->> 'reason' as reason,
    rejected.detail ->> 'value' as rejected_value,
    rejected.payload,
    rejected.synced_at
from rejected
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = rejected.tenant_id
where rejected.object_id is not null and rejected.column_name is not null
order by
    rejected.tenant_id,
    rejected.source_system,
    rejected.stream,
    rejected.object_id,
    rejected.column_name,
    rejected.detail,
    rejected.payload,
    rejected.synced_at

{% call changed_keys() %}
    {% for source_system, ids in reject_streams().items() %}
        {% set last_source = loop.last %}
        {% for stream, object_id in ids.items() %}
            select
                tenant_id,
                '{{ source_system }}' as source_system,
                '{{ stream }}' as stream,
                {{ object_id }} as object_id
            from {{ changes(ref('stg_' ~ source_system ~ '__' ~ stream)) }} as staged
            {% for owner, owner_id in reject_owners().get(stream, {}).items() %}
                union all
                select tenant_id, '{{ source_system }}', '{{ stream }}', {{ owner_id }}
                from {{ changes(ref('stg_' ~ source_system ~ '__' ~ owner)) }} as owner
            {% endfor %}
            {% if not (loop.last and last_source) %}union all{% endif %}
        {% endfor %}
    {% endfor %}
{% endcall %}
