{{
    config(
        meta={'change_log': ['tenant_id', 'lead_id', 'person_id']},
        indexes=[
            {'columns': ['tenant_id', 'lead_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id', 'converted_at']},
        ]
    )
}}

select
    lead.tenant_id,
    lead.lead_id,
    lead.person_id,
    lead.won_at as converted_at,
    {{ tenant_date('lead.won_at', 'tenant.timezone') }} as converted_date,
    coalesce(lead.value_cents, 0) as value_cents,
    lead.currency,
    {{ to_bigint('coalesce(lead.value_cents, 0) * ' ~ reporting_rate('lead.currency', 'tenant.currency')) }}
        as reporting_value_cents,
    tenant.currency as reporting_currency,
    lead.value_cents is not null as has_value,
    lead.source,
    lead.campaign_id
from {{ ref('fct_lead') }} as lead
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
{{ join_rates('lead.currency', 'tenant.currency', tenant_date('lead.won_at', 'tenant.timezone')) }}
where lead.is_won and lead.won_at is not null
