{%- set kinds = {
    'calls': {'kind': 'call', 'subject': 'hs_call_title', 'outcome': 'hs_call_disposition'},
    'emails': {'kind': 'email', 'subject': 'hs_email_subject', 'outcome': 'hs_email_status'},
    'meetings': {'kind': 'meeting', 'subject': 'hs_meeting_title', 'outcome': 'hs_meeting_outcome'},
    'notes': {'kind': 'note', 'subject': 'hs_note_body', 'outcome': 'hs_note_outcome'},
    'tasks': {'kind': 'task', 'subject': 'hs_task_subject', 'outcome': 'hs_task_status'},
} -%}
{% for stream, names in kinds.items() %}
select
    source.tenant_id,
    source.object_id as engagement_id,
    '{{ names.kind }}' as kind,
    nullif(property.{{ names.subject }}, '') as subject,
    lower(property.{{ names.outcome }}) as outcome,
    case property.hs_email_direction
        when 'EMAIL' then 'sent' when 'INCOMING_EMAIL' then 'received' when 'FORWARDED_EMAIL' then 'forwarded'
    end as email_direction,
    {{ try_bigint('property.hs_call_duration') }} / 1000 as duration_seconds,
    property.hubspot_owner_id as owner_id,
    coalesce(
        {{ try_timestamptz('property.hs_timestamp') }},
        {{ try_timestamptz("(source.payload ->> 'createdAt')") }},
        source.first_seen_at
    ) as occurred_at,
    coalesce({{ try_timestamptz("(source.payload ->> 'createdAt')") }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(source.payload ->> 'archived' = 'true', false) as is_deleted,
    source.payload,
    {{ rejects("(source.payload -> 'properties')", [
        ['duration_seconds', 'property.hs_call_duration', 'bigint'],
        ['occurred_at', 'property.hs_timestamp', 'timestamptz'],
        ['created_at', "(source.payload ->> 'createdAt')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', stream) }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'properties')") }}) as property (
    {{ names.subject }} text,
    {{ names.outcome }} text,
    hs_email_direction text,
    hs_call_duration text,
    hubspot_owner_id text,
    hs_timestamp text
)
{% if not loop.last %}union all{% endif %}
{% endfor %}
