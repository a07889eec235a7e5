{{ config(indexes=[{'columns': ['tenant_id', 'customer_id', 'tax_id'], 'unique': true}]) }}

select
    tax.tenant_id,
    tax.customer_id,
    tax.tax_id,
    tax.tax_id_type,
    tax.country,
    tax.tax_number,
    coalesce(tax.verification_status, 'unavailable') as verification_status,
    coalesce(tax.verification_status = 'verified', false) as is_verified,
    tax.created_at
from {{ ref('stg_stripe__tax_ids') }} as tax
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = tax.tenant_id
where not tax.is_deleted
