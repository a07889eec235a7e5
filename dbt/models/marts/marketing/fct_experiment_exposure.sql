{{
    config(
        meta={'delta_key': ['tenant_id'], 'change_log': ['tenant_id']},
        indexes=[
            {'columns': ['tenant_id', 'experiment_id', 'person_id'], 'unique': true},
            {'columns': ['tenant_id', 'person_id']},
        ],
    )
}}

with shown as (
    select
        exposure.tenant_id,
        exposure.experiment_id,
        exposure.exposure_id,
        coalesce(
            cookie.person_id,
            lead.person_id,
            contact.person_id,
            'anon:' || exposure.anonymous_id,
            'lead:' || exposure.lead_id::text,
            'contact:' || exposure.contact_id::text,
            'exposure:' || exposure.exposure_id::text
        ) as person_id,
        exposure.variant,
        exposure.exposed_at,
        experiment.outcome_days,
        tenant.timezone,
        tenant.currency
    from {{ ref('stg_operational__experiment_exposures') }} as exposure
    inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = exposure.tenant_id
    inner join {{ ref('dim_experiment') }} as experiment
        on experiment.tenant_id = exposure.tenant_id and experiment.experiment_id = exposure.experiment_id
    left join {{ ref('dim_person_identity') }} as cookie
        on
            cookie.tenant_id = exposure.tenant_id
            and cookie.source_system = 'cookie'
            and cookie.source_id = exposure.anonymous_id
    left join {{ ref('dim_person_identity') }} as lead
        on
            lead.tenant_id = exposure.tenant_id
            and lead.source_system = 'lead'
            and lead.source_id = exposure.lead_id::text
    left join {{ ref('dim_person_identity') }} as contact
        on
            contact.tenant_id = exposure.tenant_id
            and contact.source_system = 'contact'
            and contact.source_id = exposure.contact_id::text
    where
        not exposure.is_deleted
        and exposure.variant is not null
        and exposure.exposed_at is not null
        and {{ is_changed('exposure') }}
),

-- What a person saw first is by chance alone; leaving out who saw two would not be.
firsts as (
    select distinct on (tenant_id, experiment_id, person_id)
        tenant_id,
        experiment_id,
        person_id,
        exposure_id,
        variant,
        min(variant) over person <> max(variant) over person as is_crossed,
        exposed_at,
        exposed_at + outcome_days * interval '1 day' as outcomes_until,
        {{ tenant_date('exposed_at', 'timezone') }} as exposed_date,
        currency
    from shown
    window person as (partition by tenant_id, experiment_id, person_id)
    order by tenant_id, experiment_id, person_id, exposed_at, exposure_id
),

leads as (
    select
        firsts.tenant_id,
        firsts.exposure_id,
        bool_or(lead.created_at >= firsts.exposed_at and lead.created_at < firsts.outcomes_until) as has_lead,
        bool_or(lead.qualified_at >= firsts.exposed_at and lead.qualified_at < firsts.outcomes_until)
            as has_qualified_lead
    from firsts
    inner join {{ ref('fct_lead') }} as lead
        on lead.tenant_id = firsts.tenant_id and lead.person_id = firsts.person_id
    group by firsts.tenant_id, firsts.exposure_id
),

sales as (
    select
        firsts.tenant_id,
        firsts.exposure_id,
        sum(coalesce(conversion.reporting_value_cents, 0)) as revenue_cents
    from firsts
    inner join {{ ref('fct_conversion') }} as conversion
        on
            conversion.tenant_id = firsts.tenant_id
            and conversion.person_id = firsts.person_id
            and conversion.converted_at >= firsts.exposed_at
            and conversion.converted_at < firsts.outcomes_until
    group by firsts.tenant_id, firsts.exposure_id
),

touches as (
    select
        firsts.tenant_id,
        firsts.exposure_id,
        count(*) filter (where touch.occurred_at >= firsts.exposed_at) as touch_count,
        count(*) filter (where touch.occurred_at < firsts.exposed_at) as prior_touch_count
    from firsts
    inner join {{ ref('fct_touchpoint') }} as touch
        on
            touch.tenant_id = firsts.tenant_id
            and touch.person_id = firsts.person_id
            and touch.occurred_at >= firsts.exposed_at - interval '30 days'
            and touch.occurred_at < firsts.outcomes_until
    group by firsts.tenant_id, firsts.exposure_id
)

select
    firsts.tenant_id,
    firsts.experiment_id,
    firsts.person_id,
    firsts.exposure_id,
    firsts.variant,
    firsts.is_crossed,
    firsts.exposed_at,
    firsts.exposed_date,
    firsts.outcomes_until,
    coalesce(leads.has_lead, false) as has_lead,
    coalesce(leads.has_qualified_lead, false) as has_qualified_lead,
    sales.exposure_id is not null as has_won_lead,
    coalesce({{ to_bigint('sales.revenue_cents') }}, 0) as revenue_cents,
    firsts.currency,
    coalesce(touches.touch_count, 0) as touch_count,
    coalesce(touches.prior_touch_count, 0) as prior_touch_count
from firsts
left join leads on leads.tenant_id = firsts.tenant_id and leads.exposure_id = firsts.exposure_id
left join sales on sales.tenant_id = firsts.tenant_id and sales.exposure_id = firsts.exposure_id
left join touches on touches.tenant_id = firsts.tenant_id and touches.exposure_id = firsts.exposure_id

{% call changed_keys() %}
    {{
        tenants_of_changes([
            'stg_operational__experiment_exposures', 'dim_experiment', 'dim_person_identity', 'fct_lead',
            'fct_conversion', 'fct_touchpoint',
        ])
    }}
{% endcall %}
