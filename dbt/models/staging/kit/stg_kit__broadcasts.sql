select
    source.tenant_id,
    source.object_id as broadcast_id,
    object.subject,
    {{ try_timestamptz('object.send_at') }} as sent_at,
    {{ try_bigint("(object.stats ->> 'recipients')") }} as recipient_count,
    {{ try_bigint("(object.stats ->> 'emails_opened')") }} as open_count,
    {{ try_bigint("(object.stats ->> 'total_clicks')") }} as click_count,
    {{ try_bigint("(object.stats ->> 'unsubscribes')") }} as unsubscribe_count,
    coalesce({{ try_timestamptz('object.created_at') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['sent_at', 'object.send_at', 'timestamptz'],
        ['recipient_count', "(object.stats ->> 'recipients')", 'bigint'],
        ['open_count', "(object.stats ->> 'emails_opened')", 'bigint'],
        ['click_count', "(object.stats ->> 'total_clicks')", 'bigint'],
        ['unsubscribe_count', "(object.stats ->> 'unsubscribes')", 'bigint'],
        ['created_at', 'object.created_at', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'broadcasts') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    subject text,
    created_at text,
    send_at text,
    published_at text,
    stats jsonb
)
