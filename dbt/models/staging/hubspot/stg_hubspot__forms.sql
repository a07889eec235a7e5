select
    source.tenant_id,
    source.object_id as form_id,
    object.name as form_name,
    object."formType" as form_type,
    coalesce({{ try_timestamptz('object."createdAt"') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(object.archived = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['created_at', 'object."createdAt"', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'forms') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    name text,
    "formType" text,
    "createdAt" text,
    archived text
)
