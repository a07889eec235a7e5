{{ config(indexes=[{'columns': ['tenant_id', 'source_system', 'closed_month', 'currency'], 'unique': true}]) }}

with closed as (
    select
        tenant_id,
        source_system,
        date_trunc('month', closed_date)::date as closed_month,
        currency,
        status,
        amount_cents,
        extract(epoch from closed_at - created_at)::double precision / 86400 as days_to_close
    from {{ ref('fct_deal') }}
    where status in ('won', 'lost') and closed_date is not null and not is_mirrored
)

select
    tenant_id,
    source_system,
    closed_month,
    currency,
    count(*) filter (where status = 'won') as won_count,
    count(*) filter (where status = 'lost') as lost_count,
    count(*) filter (where status = 'won')::double precision / count(*) as win_rate,
    {{ to_bigint("coalesce(sum(amount_cents) filter (where status = 'won'), 0)") }} as won_amount_cents,
    {{ to_bigint("coalesce(sum(amount_cents) filter (where status = 'lost'), 0)") }} as lost_amount_cents,
    percentile_cont(0.5) within group (order by days_to_close) filter (where status = 'won') as median_days_to_win,
    percentile_cont(0.5) within group (order by days_to_close) filter (where status = 'lost') as median_days_to_lose
from closed
group by tenant_id, source_system, closed_month, currency
