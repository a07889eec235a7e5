select
    source.tenant_id,
    source.object_id as subscriber_id,
    {{ normalise_email('object.email_address') }} as email,
    nullif(object.first_name, '') as first_name,
    object.state,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'subscribers') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    email_address text,
    first_name text,
    state text,
    created_at text
)
