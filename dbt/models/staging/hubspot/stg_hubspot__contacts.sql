select
    source.tenant_id,
    source.object_id as contact_id,
    {{ normalise_email('property.email') }} as email,
    nullif(property.firstname, '') as first_name,
    nullif(property.lastname, '') as last_name,
    property.phone,
    nullif(property.jobtitle, '') as job_title,
    property.hs_language as language,
    property.lifecyclestage as lifecycle_stage,
    property.company as company_name,
    lower(property.hs_analytics_source) as source,
    {{ try_uuid('property.tekup_id') }} as operational_contact_id,
    property.hs_merged_object_ids as merged_ids,
    coalesce({{ try_timestamptz("(source.payload ->> 'createdAt')") }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(source.payload ->> 'archived' = 'true', false) as is_deleted,
    coalesce(source.delete_reason = 'erased', false) as is_erased,
    source.payload,
    {{ rejects("(source.payload -> 'properties')", [
        ['operational_contact_id', 'property.tekup_id', 'uuid'],
        ['created_at', "(source.payload ->> 'createdAt')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'contacts') }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'properties')") }}) as property (
    email text,
    firstname text,
    lastname text,
    phone text,
    jobtitle text,
    lifecyclestage text,
    company text,
    hs_language text,
    hs_analytics_source text,
    hs_merged_object_ids text,
    tekup_id text
)
