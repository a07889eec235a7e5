{{
    config(
        meta={'delta_key': ['tenant_id', 'lead_id']},
        indexes=[
            {'columns': ['tenant_id', 'lead_id', 'status'], 'unique': true},
            {'columns': ['tenant_id', 'changed_date']},
        ],
    )
}}

with moments as (
    select
        lead.tenant_id,
        lead.lead_id,
        lead.source,
        moment.status,
        moment.status_rank,
        moment.changed_at
    from {{ ref('fct_lead') }} as lead
    cross join lateral (
        values
        ('new', 1, lead.created_at),
        ('contacted', 2, lead.contacted_at),
        ('qualified', 3, lead.qualified_at),
        ('lost', 4, lead.lost_at),
        ('won', 5, lead.won_at)
    ) as moment (status, status_rank, changed_at)
    where moment.changed_at is not null and {{ is_changed('lead') }}
)

select
    moments.tenant_id,
    moments.lead_id,
    moments.status,
    lag(moments.status) over course as previous_status,
    row_number() over course as change_number,
    moments.changed_at,
    {{ tenant_date('moments.changed_at', 'tenant.timezone') }} as changed_date,
    extract(epoch from moments.changed_at - lag(moments.changed_at) over course)::double precision / 86400
        as days_in_previous,
    moments.source
from moments
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = moments.tenant_id
window course as (
    partition by moments.tenant_id, moments.lead_id order by moments.changed_at, moments.status_rank
)

{% call changed_keys() %}
    {{ keys_of_changes(['fct_lead']) }}
{% endcall %}
