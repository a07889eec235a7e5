{#-
  An object's own payload tells its latest versions; those that it will lose are kept as rows of their own. Both may
  hold a version, in the same millisecond: it is taken once. A version whose time can't be read has none here.
-#}
with told as (
    {% for stream in ('contacts', 'deals', 'tickets') %}
        select
            source.tenant_id,
            '{{ stream }}' as object_kind,
            source.object_id,
            property.key as property_name,
            version.value ->> 'value' as property_value,
            {{ try_timestamptz("(version.value ->> 'timestamp')") }} as changed_at,
            1 as priority,
            source.deleted_at is not null as is_deleted,
            version.value as payload,
            {{ rejects('version.value', [
                ['changed_at', "(version.value ->> 'timestamp')", 'timestamptz'],
            ]) }} as rejects,
            source.synced_at,
            source.xmin as row_xid
        from {{ source('hubspot', stream) }} as source
        cross join lateral jsonb_each(
            {{ json_object("(source.payload -> 'propertiesWithHistory')") }}
        ) as property (key, value)
        cross join lateral jsonb_array_elements({{ json_array('property.value') }}) as version
        union all
    {% endfor %}
    select
        source.tenant_id,
        source.payload ->> 'object_type' as object_kind,
        source.payload ->> 'id' as object_id,
        source.payload ->> 'property' as property_name,
        source.payload ->> 'value' as property_value,
        {{ try_timestamptz("(source.payload ->> 'timestamp')") }} as changed_at,
        2 as priority,
        source.deleted_at is not null as is_deleted,
        source.payload,
        {{ rejects('source.payload', [
            ['changed_at', "(source.payload ->> 'timestamp')", 'timestamptz'],
        ]) }} as rejects,
        source.synced_at,
        source.xmin as row_xid
    from {{ source('hubspot', 'property_history') }} as source
)

select distinct on (tenant_id, object_kind, object_id, property_name, changed_at)
    tenant_id,
    object_kind,
    object_id,
    property_name,
    property_value,
    changed_at,
    is_deleted,
    payload,
    rejects,
    synced_at,
    row_xid
from told
where object_kind is not null and object_id is not null and property_name is not null
order by tenant_id, object_kind, object_id, property_name, changed_at, is_deleted, priority
