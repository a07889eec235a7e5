select
    source.tenant_id,
    source.object_id as subscription_schedule_id,
    object.customer as customer_id,
    coalesce(object.subscription, object.released_subscription) as subscription_id,
    object.status,
    {{ try_epoch("(object.current_phase ->> 'start_date')") }} as phase_start_at,
    {{ try_epoch("(object.current_phase ->> 'end_date')") }} as phase_end_at,
    case when jsonb_typeof(object.phases) = 'array' then jsonb_array_length(object.phases) end as phase_count,
    object.end_behavior,
    {{ try_epoch('object.released_at') }} as released_at,
    {{ try_epoch('object.canceled_at') }} as canceled_at,
    {{ try_epoch('object.completed_at') }} as completed_at,
    {{ try_boolean('object.livemode') }} as is_live,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'subscription_schedules') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    customer text,
    subscription text,
    released_subscription text,
    status text,
    end_behavior text,
    released_at text,
    canceled_at text,
    completed_at text,
    livemode text,
    current_phase jsonb,
    phases jsonb
)
