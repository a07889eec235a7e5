select
    source.tenant_id,
    source.object_id as record_id,
    split_part(source.object_id, ':', 1) as customer_id,
    split_part(source.object_id, ':', 2) as tax_id,
    object.type as tax_id_type,
    object.country,
    object.value as tax_number,
    object.verification ->> 'status' as verification_status,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'tax_ids') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    type text,
    country text,
    value text,
    verification jsonb
)
