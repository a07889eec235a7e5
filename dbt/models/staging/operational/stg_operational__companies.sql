select
    source.tenant_id,
    source.id as company_id,
    source.name as company_name,
    {{ normalise_domain('source.domain') }} as domain,
    source.industry,
    source.employee_count,
    {{ normalise_country('source.country') }} as country,
    source.city,
    source.created_at,
    source.updated_at,
    source.deleted_at is not null as is_deleted,
    source.synced_at,
    source.xmin as row_xid
from {{ source('operational', 'companies') }} as source
