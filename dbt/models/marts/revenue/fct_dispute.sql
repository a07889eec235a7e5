{{
    config(
        meta={'change_log': ['tenant_id', 'dispute_id']},
        indexes=[{'columns': ['tenant_id', 'dispute_id'], 'unique': true}],
    )
}}

-- an inquiry (warning) and one that was prevented move no money; of the others only a won one gives it back
select
    dispute.tenant_id,
    dispute.dispute_id,
    dispute.charge_id,
    charge.customer_id,
    charge.invoice_id,
    case
        when
            dispute.status in (
                'warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response', 'under_review',
                'won', 'lost', 'prevented'
            )
            then dispute.status
        else 'unknown'
    end as status,
    coalesce(dispute.status in ('needs_response', 'under_review', 'lost'), false) as is_withdrawn,
    dispute.reason,
    dispute.amount_cents,
    dispute.currency,
    {{ tenant_date('dispute.created_at', 'tenant.timezone') }} as created_date,
    dispute.created_at,
    dispute.evidence_due_at
from {{ ref('stg_stripe__disputes') }} as dispute
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = dispute.tenant_id
left join {{ ref('fct_charge') }} as charge
    on charge.tenant_id = dispute.tenant_id and charge.charge_id = dispute.charge_id
where not dispute.is_deleted
