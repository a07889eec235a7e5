select
    source.tenant_id,
    source.object_id as purchase_id,
    {{ normalise_email('object.email_address') }} as email,
    object.transaction_id,
    object.status,
    upper(object.currency) as currency,
    {{ try_cents('object.total') }} as total_cents,
    {{ try_cents('object.tax') }} as tax_cents,
    {{ try_cents('object.discount') }} as discount_cents,
    jsonb_array_length({{ json_array('object.products') }}) as product_count,
    coalesce({{ try_timestamptz('object.transaction_time') }}, source.first_seen_at) as purchased_at,
    source.deleted_at is not null as is_deleted,
    source.payload,
    {{ rejects('source.payload', [
        ['total_cents', 'object.total', 'cents'],
        ['tax_cents', 'object.tax', 'cents'],
        ['discount_cents', 'object.discount', 'cents'],
        ['purchased_at', 'object.transaction_time', 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('kit', 'purchases') }} as source
cross join lateral jsonb_to_record({{ json_object('source.payload') }}) as object (
    email_address text,
    transaction_id text,
    status text,
    currency text,
    total text,
    tax text,
    discount text,
    products jsonb,
    transaction_time text
)
