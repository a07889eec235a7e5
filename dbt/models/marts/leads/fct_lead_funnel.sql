{{
    config(
        meta={'delta_key': ['tenant_id', 'cohort_month']},
        indexes=[{'columns': ['tenant_id', 'cohort_month', 'source'], 'unique': true}],
    )
}}

{#- A lead that was won without a note of its qualification passed that step all the same. -#}
with leads as (
    select
        tenant_id,
        source,
        date_trunc('month', created_date)::date as cohort_month,
        created_at,
        is_won,
        won_at,
        lost_at,
        coalesce(contacted_at, qualified_at, won_at) as contacted_at,
        coalesce(qualified_at, won_at) as qualified_at
    from {{ ref('fct_lead') }}
),

timed as (
    select
        tenant_id,
        source,
        cohort_month,
        is_won,
        contacted_at is not null as is_contacted,
        qualified_at is not null as is_qualified,
        lost_at is not null and not is_won as is_lost,
        extract(epoch from contacted_at - created_at)::double precision / 86400 as days_to_contact,
        extract(epoch from qualified_at - created_at)::double precision / 86400 as days_to_qualify,
        extract(epoch from case when is_won then won_at end - created_at)::double precision / 86400 as days_to_win
    from leads
    where {{ is_changed('leads') }}
),

counted as (
    select
        tenant_id,
        cohort_month,
        source,
        count(*) as lead_count,
        count(*) filter (where is_contacted) as contacted_count,
        count(*) filter (where is_qualified) as qualified_count,
        count(*) filter (where is_won) as won_count,
        count(*) filter (where is_lost) as lost_count,
        percentile_cont(0.5) within group (order by days_to_contact) as median_days_to_contact,
        percentile_cont(0.5) within group (order by days_to_qualify) as median_days_to_qualify,
        percentile_cont(0.5) within group (order by days_to_win) as median_days_to_win
    from timed
    group by tenant_id, cohort_month, source
)

select
    tenant_id,
    cohort_month,
    source,
    lead_count,
    contacted_count,
    qualified_count,
    won_count,
    lost_count,
    lead_count - won_count - lost_count as open_count,
    contacted_count::double precision / lead_count as contacted_rate,
    qualified_count::double precision / nullif(contacted_count, 0) as qualified_rate,
    won_count::double precision / nullif(qualified_count, 0) as won_rate,
    won_count::double precision / lead_count as conversion_rate,
    median_days_to_contact,
    median_days_to_qualify,
    median_days_to_win
from counted

{% call changed_keys() %}
    select
        tenant_id,
        date_trunc('month', created_date)::date as cohort_month
    from {{ changes(ref('fct_lead')) }} as lead
{% endcall %}
