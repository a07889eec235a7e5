select
    source.tenant_id,
    source.object_id as invoice_id,
    object.customer as customer_id,
    coalesce(
        object.subscription, object.parent -> 'subscription_details' ->> 'subscription'
    ) as subscription_id,
    object.number as invoice_number,
    object.status,
    upper(object.currency) as currency,
    {{ stripe_cents('object.total', 'object.currency') }} as total_cents,
    {{ stripe_cents('object.subtotal', 'object.currency') }} as subtotal_cents,
    {{ stripe_cents('object.amount_due', 'object.currency') }} as amount_due_cents,
    {{ stripe_cents('object.amount_paid', 'object.currency') }} as amount_paid_cents,
    {{ stripe_cents('object.amount_remaining', 'object.currency') }} as amount_remaining_cents,
    {{ try_epoch('object.period_start') }} as period_start_at,
    {{ try_epoch('object.period_end') }} as period_end_at,
    {{ try_epoch("(object.status_transitions ->> 'paid_at')") }} as paid_at,
    {{ try_boolean('object.livemode') }} as is_live,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'invoices') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    livemode text,
    customer text,
    subscription text,
    status text,
    currency text,
    number text,
    amount_due text,
    subtotal text,
    amount_paid text,
    amount_remaining text,
    total text,
    period_start text,
    period_end text,
    status_transitions jsonb,
    parent jsonb
)
