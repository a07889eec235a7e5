{#-
  What is known of a subscription, and from when on: every event that tells it whole, each invoice from before the first of
  those events, and the subscription as it is now.
-#}
with snapshots as (
    select * from {{ ref('int_subscription_snapshot') }}
),

first_event as (
    select
        tenant_id,
        subscription_id,
        min(observed_at) as observed_at
    from snapshots
    where observed_by = 'event'
    group by tenant_id, subscription_id
),

known as (
    select
        tenant_id,
        subscription_id,
        observed_by,
        observed_at,
        place,
        status,
        is_counted,
        list_mrr_cents,
        billing_months,
        parts
    from snapshots
    union all
    select
        invoice.tenant_id,
        invoice.subscription_id,
        'invoice',
        invoice.observed_at,
        0,
        'active',
        true,
        invoice.list_mrr_cents,
        invoice.billing_months,
        invoice.parts
    from {{ ref('int_invoice_price') }} as invoice
    left join first_event
        on first_event.tenant_id = invoice.tenant_id and first_event.subscription_id = invoice.subscription_id
    where invoice.observed_at < coalesce(first_event.observed_at, 'infinity')
),

lives as (
    select
        tenant_id,
        subscription_id,
        greatest(
            coalesce(started_at, created_at),
            case when status <> 'trialing' then coalesce(trial_end_at, started_at, created_at) end
        ) as paying_from_at,
        case
            when status in ('canceled', 'incomplete_expired') then coalesce(ended_at, canceled_at, updated_at)
        end as ended_at
    from {{ ref('stg_stripe__subscriptions') }}
    where not is_deleted
),

-- an ended subscription's present state is how it was before its end; another's is no older than its last invoice
observed as (
    select
        known.tenant_id,
        known.subscription_id,
        known.observed_by,
        known.status,
        known.is_counted,
        known.list_mrr_cents,
        known.billing_months,
        known.parts,
        known.place,
        case
            when known.observed_by <> 'subscription' then known.observed_at
            when lives.ended_at is not null then lives.paying_from_at
            else
                greatest(
                    known.observed_at,
                    max(known.observed_at) over (partition by known.tenant_id, known.subscription_id)
                )
        end as observed_at,
        lives.paying_from_at,
        lives.ended_at
    from known
    inner join lives
        on lives.tenant_id = known.tenant_id and lives.subscription_id = known.subscription_id
),

ordered as (
    select
        *,
        row_number() over (
            partition by tenant_id, subscription_id
            order by observed_at, case when observed_by = 'subscription' and ended_at is not null then -1 else place end
        ) as number
    from observed
),

bounded as (
    select
        tenant_id,
        subscription_id,
        observed_by,
        observed_at,
        number,
        is_counted
        or (observed_by = 'subscription' and ended_at is not null and status = 'canceled') as is_counted,
        list_mrr_cents,
        billing_months,
        parts,
        ended_at
    from ordered
    union all
    -- the first that is known holds from the beginning
    select
        tenant_id,
        subscription_id,
        observed_by,
        paying_from_at,
        0,
        status not in ('incomplete', 'incomplete_expired', 'trialing'),
        list_mrr_cents,
        billing_months,
        parts,
        ended_at
    from ordered
    where number = 1 and observed_at > paying_from_at
    union all
    select
        tenant_id,
        subscription_id,
        'subscription',
        ended_at as observed_at,
        2147483647,
        false,
        0,
        1,
        '[]'::jsonb,
        ended_at
    from lives
    where ended_at is not null
)

select distinct on (tenant_id, subscription_id, observed_at)
    tenant_id,
    subscription_id,
    observed_at,
    observed_by,
    is_counted,
    list_mrr_cents,
    billing_months,
    parts
from bounded
where observed_at <= coalesce(ended_at, 'infinity') and observed_at <= {{ as_of() }}
order by tenant_id asc, subscription_id asc, observed_at asc, number desc
