select
    source.tenant_id,
    source.object_id as event_id,
    subscription.id as subscription_id,
    source.payload ->> 'type' as event_type,
    subscription.status,
    subscription.pause_collection ->> 'behavior' as pause_behavior,
    upper(subscription.currency) as currency,
    subscription.items -> 'data' as items,
    {{ try_epoch('subscription.trial_end') }} as trial_end_at,
    {{ try_epoch("(source.payload ->> 'created')") }} as happened_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects("(source.payload -> 'data' -> 'object')", [
        ['trial_end_at', 'subscription.trial_end', 'epoch'],
        ['happened_at', "(source.payload ->> 'created')", 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'events') }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'data' -> 'object')") }}) as subscription (
    id text,
    status text,
    currency text,
    trial_end text,
    pause_collection jsonb,
    items jsonb
)
where source.payload ->> 'type' like 'customer.subscription.%'
