select
    source.tenant_id,
    source.object_id as custom_field_id,
    object.key as field_key,
    object.label as field_label,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', []) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'custom_fields') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    key text,
    label text
)
