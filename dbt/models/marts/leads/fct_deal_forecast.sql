{{ config(indexes=[{'columns': ['tenant_id', 'source_system', 'expected_month', 'currency'], 'unique': true}]) }}

{#-
  A deal is won or not, independently of the others given its stage's chance: variance amount² p (1 - p). The chance
  itself is known only as well as the ended deals tell it: the variance of a beta posterior, shared by all deals of the
  stage. 1.96 standard deviations each way, never below nothing or above everything.
-#}
with deals as (
    select
        deal.tenant_id,
        deal.source_system,
        date_trunc('month', deal.expected_close_date)::date as expected_month,
        deal.currency,
        deal.pipeline_id,
        deal.stage_id,
        deal.amount_cents::double precision as amount,
        estimate.win_rate,
        estimate.win_rate * (1 - estimate.win_rate) as spread,
        estimate.closed_deal_count + {{ var('win_rate_prior_deals') }} + 1 as weight
    from {{ ref('fct_deal') }} as deal
    inner join {{ ref('int_stage_estimate') }} as estimate
        on
            estimate.tenant_id = deal.tenant_id
            and estimate.source_system = deal.source_system
            and estimate.pipeline_key = coalesce(deal.pipeline_id, '')
            and estimate.stage_key = coalesce(deal.stage_id, '')
    where
        deal.status = 'open'
        and deal.expected_close_date is not null
        and deal.amount_cents is not null
        and not deal.is_mirrored
),

stages as (
    select
        tenant_id,
        source_system,
        expected_month,
        currency,
        count(*) as deal_count,
        sum(win_rate) as expected_won_count,
        sum(amount) as amount,
        sum(amount * win_rate) as expected,
        sum(amount * amount * spread) + sum(amount) * sum(amount) * max(spread / weight) as variance
    from deals
    group by tenant_id, source_system, expected_month, currency, pipeline_id, stage_id
),

months as (
    select
        tenant_id,
        source_system,
        expected_month,
        currency,
        sum(deal_count)::bigint as open_deal_count,
        sum(expected_won_count) as expected_won_count,
        sum(amount) as amount,
        sum(expected) as expected,
        1.96 * sqrt(sum(variance)) as margin
    from stages
    group by tenant_id, source_system, expected_month, currency
)

select
    tenant_id,
    source_system,
    expected_month,
    currency,
    open_deal_count,
    expected_won_count,
    {{ to_bigint('amount') }} as open_amount_cents,
    {{ to_bigint('expected') }} as expected_amount_cents,
    {{ to_bigint('greatest(expected - margin, 0)') }} as expected_amount_cents_low,
    {{ to_bigint('least(expected + margin, amount)') }} as expected_amount_cents_high
from months
