{{
    config(
        materialized='table',
        indexes=[{'columns': ['tenant_id', 'source_system', 'pipeline_key', 'stage_key'], 'unique': true}],
    )
}}

with named as (
    select
        tenant_id,
        source_system,
        coalesce(pipeline_id, '') as pipeline_key,
        coalesce(stage_id, '') as stage_key,
        max(stage_name) as stage_name,
        max(win_rate) as stated_win_rate
    from {{ ref('fct_deal') }}
    where not is_mirrored
    group by tenant_id, source_system, coalesce(pipeline_id, ''), coalesce(stage_id, '')
),

visits as (
    select distinct
        tenant_id,
        source_system,
        deal_id,
        coalesce(pipeline_id, '') as pipeline_key,
        coalesce(stage_id, '') as stage_key,
        status
    from {{ ref('fct_deal_stage_history') }}
    where status <> 'open' and not is_mirrored
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
        tenant_id,
        source_system,
        avg((status = 'won')::int)::double precision as win_rate
    from {{ ref('fct_deal') }}
    where status <> 'open' and not is_mirrored
    group by tenant_id, source_system
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
