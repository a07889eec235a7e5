select
    source.tenant_id,
    source.object_id as list_id,
    object.name as list_name,
    lower(object."processingType") as processing_type,
    case object."objectTypeId" when '0-1' then 'contacts' when '0-2' then 'companies' when '0-3' then 'deals' end
        as object_kind,
    {{ try_bigint("(object.\"additionalProperties\" ->> 'hs_list_size')") }} as member_count,
    coalesce({{ try_timestamptz('object."createdAt"') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['member_count', "(object.\"additionalProperties\" ->> 'hs_list_size')", 'bigint'],
        ['created_at', 'object."createdAt"', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'lists') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    name text,
    "processingType" text,
    "objectTypeId" text,
    "createdAt" text,
    "additionalProperties" jsonb
)
