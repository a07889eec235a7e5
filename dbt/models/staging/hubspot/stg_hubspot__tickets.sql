select
    source.tenant_id,
    source.object_id as ticket_id,
    nullif(property.subject, '') as subject,
    property.hs_pipeline as pipeline_id,
    property.hs_pipeline_stage as stage_id,
    lower(property.hs_ticket_priority) as priority,
    property.hubspot_owner_id as owner_id,
    {{ try_timestamptz('property.closed_date') }} as closed_at,
    coalesce({{ try_timestamptz("(source.payload ->> 'createdAt')") }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(source.payload ->> 'archived' = 'true', false) as is_deleted,
    source.payload,
    {{ rejects("(source.payload -> 'properties')", [
        ['closed_at', 'property.closed_date', 'timestamptz'],
        ['created_at', "(source.payload ->> 'createdAt')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'tickets') }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'properties')") }}) as property (
    subject text,
    hs_pipeline text,
    hs_pipeline_stage text,
    hs_ticket_priority text,
    hubspot_owner_id text,
    closed_date text
)
