{{
    config(
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'pipeline_key', 'stage_key', 'currency'], 'unique': true},
        ],
    )
}}

with open_deals as (
    select
        tenant_id,
        source_system,
        coalesce(pipeline_id, '') as pipeline_key,
        coalesce(stage_id, '') as stage_key,
        currency,
        count(*) filter (where status = 'open') as open_deal_count,
        sum(amount_cents) filter (where status = 'open') as open_amount_cents,
        count(*) filter (where status = 'open' and amount_cents is null) as unvalued_deal_count
    from {{ ref('fct_deal') }}
    where not is_mirrored
    group by tenant_id, source_system, coalesce(pipeline_id, ''), coalesce(stage_id, ''), currency
),

stays as (
    select
        tenant_id,
        source_system,
        pipeline_id,
        stage_id,
        percentile_cont(0.5) within group (order by days_in_stage) as median_days_in_stage
    from {{ ref('fct_deal_stage_history') }}
    where is_entry_known and days_in_stage is not null and not is_mirrored
    group by tenant_id, source_system, pipeline_id, stage_id
)

select
    deal.tenant_id,
    deal.source_system,
    deal.pipeline_key,
    deal.stage_key,
    deal.currency,
    estimate.stage_name,
    deal.open_deal_count,
    deal.unvalued_deal_count,
    {{ to_bigint('coalesce(deal.open_amount_cents, 0)') }} as open_amount_cents,
    {{ to_bigint('coalesce(deal.open_amount_cents, 0) * estimate.win_rate::numeric') }} as weighted_amount_cents,
    estimate.stated_win_rate,
    estimate.closed_deal_count,
    estimate.won_deal_count,
    estimate.win_rate,
    stays.median_days_in_stage
from open_deals as deal
inner join {{ ref('int_stage_estimate') }} as estimate
    on
        estimate.tenant_id = deal.tenant_id
        and estimate.source_system = deal.source_system
        and estimate.pipeline_key = deal.pipeline_key
        and estimate.stage_key = deal.stage_key
left join stays
    on
        stays.tenant_id = deal.tenant_id
        and stays.source_system = deal.source_system
        and stays.pipeline_id = deal.pipeline_key
        and stays.stage_id = deal.stage_key
