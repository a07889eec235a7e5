{{
    config(
        materialized='table',
        meta={'delta_key': ['tenant_id'], 'change_log': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'source_system', 'pipeline_key', 'stage_key'], 'unique': true}],
    )
}}

with named as (
    select
        deal.tenant_id,
        deal.source_system,
        coalesce(deal.pipeline_id, '') as pipeline_key,
        coalesce(deal.stage_id, '') as stage_key,
        max(deal.stage_name) as stage_name,
        max(deal.win_rate) as stated_win_rate
    from {{ ref('fct_deal') }} as deal
    where not deal.is_mirrored and {{ is_changed('deal') }}
    group by deal.tenant_id, deal.source_system, coalesce(deal.pipeline_id, ''), coalesce(deal.stage_id, '')
),

visits as (
    select distinct
        stay.tenant_id,
        stay.source_system,
        stay.deal_id,
        coalesce(stay.pipeline_id, '') as pipeline_key,
        coalesce(stay.stage_id, '') as stage_key,
        stay.status
    from {{ ref('fct_deal_stage_history') }} as stay
    where stay.status <> 'open' and not stay.is_mirrored and {{ is_changed('stay') }}
),

outcomes as (
    select
        tenant_id,
        source_system,
        pipeline_key,
        stage_key,
        count(*) as closed_deal_count,
        count(*) filter (where status = 'won') as won_deal_count
    from visits
    group by tenant_id, source_system, pipeline_key, stage_key
),

overall as (
    select
        deal.tenant_id,
        deal.source_system,
        avg((deal.status = 'won')::int)::double precision as win_rate
    from {{ ref('fct_deal') }} as deal
    where deal.status <> 'open' and not deal.is_mirrored and {{ is_changed('deal') }}
    group by deal.tenant_id, deal.source_system
)

select
    named.tenant_id,
    named.source_system,
    named.pipeline_key,
    named.stage_key,
    named.stage_name,
    named.stated_win_rate,
    coalesce(outcomes.closed_deal_count, 0) as closed_deal_count,
    coalesce(outcomes.won_deal_count, 0) as won_deal_count,
    (
        coalesce(outcomes.won_deal_count, 0)
        + {{ var('win_rate_prior_deals') }} * coalesce(named.stated_win_rate, overall.win_rate, 0.5)
    ) / (coalesce(outcomes.closed_deal_count, 0) + {{ var('win_rate_prior_deals') }}) as win_rate
from named
left join outcomes
    on
        outcomes.tenant_id = named.tenant_id
        and outcomes.source_system = named.source_system
        and outcomes.pipeline_key = named.pipeline_key
        and outcomes.stage_key = named.stage_key
left join overall on overall.tenant_id = named.tenant_id and overall.source_system = named.source_system

{% call changed_keys() %}
    {{ tenants_of_changes(['fct_deal', 'fct_deal_stage_history']) }}
{% endcall %}
