select
    source.tenant_id,
    source.object_id as submission_id,
    split_part(source.object_id, '/', 1) as form_id,
    {{ normalise_email('answer.email') }} as email,
    answer.first_name,
    source.payload ->> 'pageUrl' as page_url,
    coalesce({{ try_epoch_ms("(source.payload ->> 'submittedAt')") }}, source.first_seen_at) as submitted_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['submitted_at', "(source.payload ->> 'submittedAt')", 'epoch_ms'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'form_submissions') }} as source
cross join lateral (
    select
        max(field.value ->> 'value') filter (where field.value ->> 'name' = 'email') as email,
        max(field.value ->> 'value') filter (where field.value ->> 'name' = 'firstname') as first_name
    from jsonb_array_elements({{ json_array("(source.payload -> 'values')") }}) as field
) as answer
