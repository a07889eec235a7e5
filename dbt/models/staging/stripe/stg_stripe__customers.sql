select
    source.tenant_id,
    source.object_id as customer_id,
    {{ normalise_email('object.email') }} as email,
    object.name as customer_name,
    {{ normalise_country("(object.address ->> 'country')") }} as country,
    upper(object.currency) as currency,
    {{ try_uuid("(object.metadata ->> 'tekup_lead_id')") }} as lead_id,
    {{ try_boolean('object.livemode') }} as is_live,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(object.deleted = 'true', false) as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['lead_id', "(object.metadata ->> 'tekup_lead_id')", 'uuid'],
        ['is_live', 'object.livemode', 'boolean'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'customers') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    livemode text,
    email text,
    name text,
    currency text,
    deleted text,
    address jsonb,
    metadata jsonb
)
