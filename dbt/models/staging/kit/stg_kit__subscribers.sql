select
    source.tenant_id,
    source.object_id as subscriber_id,
    {{ normalise_email('object.email_address') }} as email,
    nullif(object.first_name, '') as first_name,
    object.state,
    nullif(object.attribution ->> 'utm_source', '') as utm_source,
    nullif(object.attribution ->> 'utm_medium', '') as utm_medium,
    nullif(object.attribution ->> 'utm_campaign', '') as utm_campaign,
    {{ json_object('object.fields') }} as custom_fields,
    {{ try_timestamptz('object.canceled_at') }} as canceled_at,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['canceled_at', 'object.canceled_at', 'timestamptz'],
        ['created_at', 'object.created_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'subscribers') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    email_address text,
    first_name text,
    state text,
    attribution jsonb,
    fields jsonb,
    canceled_at text,
    created_at text
)
