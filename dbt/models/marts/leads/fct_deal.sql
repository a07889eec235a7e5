{{
    config(
        meta={
            'delta_key': ['tenant_id', 'source_system', 'deal_id'],
            'change_log': ['tenant_id', 'source_system', 'deal_id'],
        },
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'deal_id'], 'unique': true},
            {'columns': ['tenant_id', 'stage_id']},
            {'columns': ['tenant_id', 'operational_deal_id']},
        ],
    )
}}

{% set of_operational = {'source_system': "'operational'", 'deal_id': 'deal.deal_id::text'} %}
{% set of_hubspot = {'source_system': "'hubspot'"} %}

with hubspot_contact as (
    select
        deal.tenant_id,
        deal.deal_id,
        min(deal.contact_id) as contact_id
    from {{ ref('stg_hubspot__deal_contacts') }} as deal
    where not deal.is_deleted and {{ is_changed('deal', of_hubspot) }}
    group by deal.tenant_id, deal.deal_id
),

hubspot_company as (
    select
        deal.tenant_id,
        deal.deal_id,
        min(deal.company_id) as company_id
    from {{ ref('stg_hubspot__deal_companies') }} as deal
    where not deal.is_deleted and {{ is_changed('deal', of_hubspot) }}
    group by deal.tenant_id, deal.deal_id
)

select
    deal.tenant_id,
    'operational' as source_system,
    deal.deal_id::text as deal_id,
    deal.deal_name,
    deal.pipeline_id::text as pipeline_id,
    deal.stage_id::text as stage_id,
    stage.stage_name,
    deal.lead_id,
    deal.contact_id::text as contact_id,
    deal.company_id::text as company_id,
    deal.status,
    deal.amount_cents,
    coalesce(deal.currency, tenant.currency) as currency,
    stage.win_rate,
    deal.expected_close_date,
    deal.closed_at,
    false as is_mirrored,
    deal.deal_id as operational_deal_id,
    {{ tenant_date('deal.closed_at', 'tenant.timezone') }} as closed_date,
    deal.created_at,
    deal.updated_at
from {{ ref('stg_operational__deals') }} as deal
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = deal.tenant_id
left join {{ ref('stg_operational__stages') }} as stage
    on stage.tenant_id = deal.tenant_id and stage.stage_id = deal.stage_id
where not deal.is_deleted and {{ is_changed('deal', of_operational) }}
union all
select
    deal.tenant_id,
    'hubspot' as source_system,
    deal.deal_id,
    deal.deal_name,
    deal.pipeline_id,
    deal.stage_id,
    stage.stage_name,
    mirrored.lead_id,
    hubspot_contact.contact_id,
    hubspot_company.company_id,
    case
        when coalesce(deal.is_won, stage.is_closed and stage.win_rate = 1, deal.stage_id = 'closedwon') then 'won'
        when coalesce(stage.is_closed and stage.win_rate = 0, deal.stage_id = 'closedlost') then 'lost'
        else 'open'
    end as status,
    deal.amount_cents,
    coalesce(deal.currency, tenant.currency) as currency,
    stage.win_rate,
    {{ tenant_date('deal.close_at', 'tenant.timezone') }} as expected_close_date,
    case
        when coalesce(deal.is_won, false) or coalesce(stage.is_closed, deal.stage_id in ('closedwon', 'closedlost'))
            then deal.close_at
    end as closed_at,
    mirrored.deal_id is not null as is_mirrored,
    deal.operational_deal_id,
    case
        when coalesce(deal.is_won, false) or coalesce(stage.is_closed, deal.stage_id in ('closedwon', 'closedlost'))
            then {{ tenant_date('deal.close_at', 'tenant.timezone') }}
    end as closed_date,
    deal.created_at,
    deal.updated_at
from {{ ref('stg_hubspot__deals') }} as deal
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = deal.tenant_id
left join {{ ref('stg_hubspot__stages') }} as stage
    on
        stage.tenant_id = deal.tenant_id
        and stage.pipeline_id = deal.pipeline_id
        and stage.stage_id = deal.stage_id
        and not stage.is_deleted
left join {{ ref('stg_operational__deals') }} as mirrored
    on mirrored.tenant_id = deal.tenant_id and mirrored.deal_id = deal.operational_deal_id and not mirrored.is_deleted
left join hubspot_contact on hubspot_contact.tenant_id = deal.tenant_id and hubspot_contact.deal_id = deal.deal_id
left join hubspot_company on hubspot_company.tenant_id = deal.tenant_id and hubspot_company.deal_id = deal.deal_id
where not deal.is_deleted and {{ is_changed('deal', of_hubspot) }}

{% call changed_keys() %}
    select
        tenant_id,
        'operational' as source_system,
        deal_id::text as deal_id
    from {{ changes(ref('stg_operational__deals')) }} as deal
    union all
    select
        mirror.tenant_id,
        mirror.source_system,
        mirror.deal_id
    from {{ changes(ref('stg_operational__deals')) }} as deal
    inner join {{ this }} as mirror
        on mirror.tenant_id = deal.tenant_id and mirror.operational_deal_id = deal.deal_id
    union all
    select
        built.tenant_id,
        built.source_system,
        built.deal_id
    from {{ changes(ref('stg_operational__stages')) }} as stage
    inner join {{ this }} as built on built.tenant_id = stage.tenant_id and built.stage_id = stage.stage_id::text
    union all
    {% for staged in ['stg_hubspot__deals', 'stg_hubspot__deal_contacts', 'stg_hubspot__deal_companies'] %}
        select
            tenant_id,
            'hubspot' as source_system,
            deal_id
        from {{ changes(ref(staged)) }} as deal
        union all
    {% endfor %}
    select
        built.tenant_id,
        built.source_system,
        built.deal_id
    from {{ changes(ref('stg_hubspot__pipelines')) }} as pipeline
    inner join {{ this }} as built
        on built.tenant_id = pipeline.tenant_id and built.pipeline_id = pipeline.pipeline_id
{% endcall %}
