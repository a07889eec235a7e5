{{ config(indexes=[{'columns': ['tenant_id', 'broadcast_id'], 'unique': true}]) }}

select
    broadcast.tenant_id,
    broadcast.broadcast_id,
    broadcast.subject,
    broadcast.sent_at,
    {{ tenant_date('broadcast.sent_at', 'tenant.timezone') }} as sent_date,
    broadcast.recipient_count,
    broadcast.open_count,
    broadcast.click_count,
    broadcast.unsubscribe_count,
    broadcast.open_count::double precision / nullif(broadcast.recipient_count, 0) as open_rate,
    broadcast.click_count::double precision / nullif(broadcast.recipient_count, 0) as click_rate,
    broadcast.unsubscribe_count::double precision / nullif(broadcast.recipient_count, 0) as unsubscribe_rate,
    broadcast.created_at
from {{ ref('stg_kit__broadcasts') }} as broadcast
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = broadcast.tenant_id
where not broadcast.is_deleted
