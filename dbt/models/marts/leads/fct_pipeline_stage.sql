{{
    config(
        meta={'delta_key': ['tenant_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'pipeline_key', 'stage_key', 'currency'], 'unique': true},
        ],
    )
}}

with open_deals as (
    select
        deal.tenant_id,
        deal.source_system,
        coalesce(deal.pipeline_id, '') as pipeline_key,
        coalesce(deal.stage_id, '') as stage_key,
        deal.currency,
        count(*) filter (where deal.status = 'open') as open_deal_count,
        sum(deal.amount_cents) filter (where deal.status = 'open') as open_amount_cents,
        count(*) filter (where deal.status = 'open' and deal.amount_cents is null) as unvalued_deal_count
    from {{ ref('fct_deal') }} as deal
    where not deal.is_mirrored and {{ is_changed('deal') }}
    group by
        deal.tenant_id, deal.source_system, coalesce(deal.pipeline_id, ''), coalesce(deal.stage_id, ''), deal.currency
),

stays as (
    select
        stay.tenant_id,
        stay.source_system,
        stay.pipeline_id,
        stay.stage_id,
        percentile_cont(0.5) within group (order by stay.days_in_stage) as median_days_in_stage
    from {{ ref('fct_deal_stage_history') }} as stay
    where
        stay.is_entry_known
        and stay.days_in_stage is not null
        and not stay.is_mirrored
        and {{ is_changed('stay') }}
    group by stay.tenant_id, stay.source_system, stay.pipeline_id, stay.stage_id
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

{% call changed_keys() %}
    {{ tenants_of_changes(['fct_deal', 'fct_deal_stage_history', 'int_stage_estimate']) }}
{% endcall %}
