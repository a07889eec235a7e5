select
    source.tenant_id,
    source.object_id as dispute_id,
    object.charge as charge_id,
    object.payment_intent as payment_intent_id,
    object.status,
    object.reason,
    {{ stripe_cents('object.amount', 'object.currency') }} as amount_cents,
    upper(object.currency) as currency,
    {{ try_boolean('object.livemode') }} as is_live,
    {{ try_epoch("(object.evidence_details ->> 'due_by')") }} as evidence_due_at,
    coalesce({{ try_epoch('object.created') }}, source.first_seen_at) as created_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['amount_cents', 'object.amount', 'bigint'],
        ['is_live', 'object.livemode', 'boolean'],
        ['evidence_due_at', "(object.evidence_details ->> 'due_by')", 'epoch'],
        ['created_at', 'object.created', 'epoch'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('stripe', 'disputes') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    created text,
    charge text,
    payment_intent text,
    status text,
    reason text,
    currency text,
    livemode text,
    amount text,
    evidence_details jsonb
)
