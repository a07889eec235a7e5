select
    source.tenant_id,
    source.object_id as company_id,
    nullif(property.name, '') as company_name,
    {{ normalise_domain('property.domain') }} as domain,
    property.industry,
    {{ try_integer('property.numberofemployees') }} as employee_count,
    {{ normalise_country('property.country') }} as country,
    property.city,
    {{ try_uuid('property.tekup_id') }} as operational_company_id,
    property.hs_merged_object_ids as merged_ids,
    coalesce({{ try_timestamptz("(source.payload ->> 'createdAt')") }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(source.payload ->> 'archived' = 'true', false) as is_deleted,
    source.payload,
    {{ rejects("(source.payload -> 'properties')", [
        ['employee_count', 'property.numberofemployees', 'integer'],
        ['operational_company_id', 'property.tekup_id', 'uuid'],
        ['created_at', "(source.payload ->> 'createdAt')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'companies') }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'properties')") }}) as property (
    name text,
    domain text,
    industry text,
    numberofemployees text,
    country text,
    city text,
    hs_merged_object_ids text,
    tekup_id text
)
