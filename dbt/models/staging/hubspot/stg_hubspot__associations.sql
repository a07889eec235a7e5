{%- set pairs = {
    'contact_companies': ('contacts', 'companies'),
    'deal_companies': ('deals', 'companies'),
    'deal_contacts': ('deals', 'contacts'),
} -%}
with pairs as (
    {% for stream, kinds in pairs.items() %}
        select
            source.tenant_id,
            '{{ kinds[0] }}' as from_kind,
            split_part(source.object_id, ':', 1) as from_id,
            '{{ kinds[1] }}' as to_kind,
            split_part(source.object_id, ':', 2) as to_id,
            source.payload,
            source.deleted_at,
            source.synced_at,
            source.xmin as row_xid
        from {{ source('hubspot', stream) }} as source
        union all
    {% endfor %}
    select
        source.tenant_id,
        split_part(split_part(source.object_id, ':', 1), '/', 1) as from_kind,
        split_part(split_part(source.object_id, ':', 1), '/', 2) as from_id,
        split_part(split_part(source.object_id, ':', 2), '/', 1) as to_kind,
        split_part(split_part(source.object_id, ':', 2), '/', 2) as to_id,
        source.payload,
        source.deleted_at,
        source.synced_at,
        source.xmin as row_xid
    from {{ source('hubspot', 'associations') }} as source
)

select
    pairs.tenant_id,
    pairs.from_kind,
    pairs.from_id,
    pairs.to_kind,
    pairs.to_id,
    told.labels,
    pairs.deleted_at is not null as is_deleted,
    pairs.synced_at,
    pairs.row_xid
from pairs
cross join lateral (
    select
        coalesce(
            jsonb_agg(kind.value ->> 'label' order by kind.value ->> 'label')
            filter (where kind.value ->> 'label' is not null),
            '[]'::jsonb
        ) as labels
    from jsonb_array_elements({{ json_array("(pairs.payload -> 'association_types')") }}) as kind
) as told
