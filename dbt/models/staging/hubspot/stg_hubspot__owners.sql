select
    source.tenant_id,
    source.object_id as owner_id,
    {{ normalise_email('object.email') }} as email,
    object."firstName" as first_name,
    object."lastName" as last_name,
    source.deleted_at is not null
    or coalesce(object.archived = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', []) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'owners') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    email text,
    "firstName" text,
    "lastName" text,
    archived text
)
