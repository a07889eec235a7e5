select
    source.tenant_id,
    source.id as contact_id,
    source.company_id,
    {{ normalise_email('source.email') }} as email,
    source.first_name,
    source.last_name,
    source.phone,
    source.job_title,
    source.language,
    source.lifecycle_stage,
    coalesce(source.has_marketing_consent, false) as has_marketing_consent,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'contacts') }} as source
