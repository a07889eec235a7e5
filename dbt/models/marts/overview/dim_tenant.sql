{{ config(meta={'change_log': ['tenant_id']}, indexes=[{'columns': ['tenant_id'], 'unique': true}]) }}

select
    tenant_id,
    tenant_name,
    domain,
    status,
    timezone,
    currency,
    created_at,
    synced_at
from {{ ref('int_tenant_settle') }}
