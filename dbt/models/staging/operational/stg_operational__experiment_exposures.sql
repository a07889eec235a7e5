select
    source.tenant_id,
    source.id as exposure_id,
    source.experiment_id,
    source.anonymous_id,
    source.lead_id,
    source.contact_id,
    source.variant,
    source.exposed_at,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'experiment_exposures') }} as source
