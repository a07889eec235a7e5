select
    source.tenant_id,
    source.object_id as subscription_id,
    object.customer as customer_id,
    object.status,
    upper(object.currency) as currency,
    {{ try_epoch('object.start_date') }} as started_at,
    {{ try_epoch('object.trial_end') }} as trial_end_at,
    {{ try_epoch('object.canceled_at') }} as canceled_at,
    {{ try_epoch('object.ended_at') }} as ended_at,
    object.items -> 'data' as items,
    object.current_period_start,
    object.current_period_end,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'subscriptions') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    customer text,
    status text,
    currency text,
    canceled_at text,
    ended_at text,
    current_period_start text,
    current_period_end text,
    start_date text,
    trial_end text,
    items jsonb
)
