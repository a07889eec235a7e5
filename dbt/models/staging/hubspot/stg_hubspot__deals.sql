select
    source.tenant_id,
    source.object_id as deal_id,
    property.dealname as deal_name,
    {{ try_cents('property.amount') }} as amount_cents,
    upper(property.deal_currency_code) as currency,
    property.dealstage as stage_id,
    property.pipeline as pipeline_id,
    {{ try_timestamptz('property.closedate') }} as close_at,
    {{ try_boolean('property.hs_is_closed_won') }} as is_won,
    {{ try_uuid('property.tekup_id') }} as operational_deal_id,
    coalesce({{ try_timestamptz("(source.payload ->> 'createdAt')") }}, source.first_seen_at) as created_at,
    coalesce(source.source_modified_at, source.first_seen_at) as updated_at,
    source.deleted_at is not null
    or coalesce(source.payload ->> 'archived' = 'true', false) as is_deleted,
    source.payload,
    {{ rejects("(source.payload -> 'properties')", [
        ['amount_cents', 'property.amount', 'cents'],
        ['close_at', 'property.closedate', 'timestamptz'],
        ['is_won', 'property.hs_is_closed_won', 'boolean'],
        ['operational_deal_id', 'property.tekup_id', 'uuid'],
        ['created_at', "(source.payload ->> 'createdAt')", 'timestamptz'],
    ]) }} as rejects,
    source.synced_at,
    source.xmin as row_xid
from {{ source('hubspot', 'deals') }} as source
cross join lateral jsonb_to_record({{ json_object("(source.payload -> 'properties')") }}) as property (
    dealname text,
    amount text,
    deal_currency_code text,
    dealstage text,
    pipeline text,
    closedate text,
    hs_is_closed_won text,
    tekup_id text
)
