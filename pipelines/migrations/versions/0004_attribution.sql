-- Credit by day and campaign, the journeys behind it, and results as of a moment that are kept.

-- What was one row per channel keeps its rows and its intervals under the name of its grain.
alter table ml.attribution_credit rename to attribution_channel;
alter index ml.attribution_credit_pkey rename to attribution_channel_pkey;
alter table ml.attribution_channel
add column value_cents_low bigint,
add column value_cents_high bigint;

-- The finest grain: whatever is summed over it equals the channel's row and the conversions there were.
create table ml.attribution_credit (
    tenant_id uuid not null,
    model text not null,
    converted_date date not null,
    channel text not null,
    campaign_id uuid,
    currency text not null,
    conversions double precision not null,
    value_cents bigint not null,
    lookback_days integer not null,
    computed_at timestamptz not null default now(),
    unique nulls not distinct (tenant_id, model, converted_date, channel, campaign_id, currency)
);

-- The commonest paths, runs of one channel told once; the last row (path null) holds all the others.
create table ml.attribution_path (
    tenant_id uuid not null,
    currency text not null,
    path_rank integer not null,
    path text[],
    path_count integer not null,
    conversions double precision not null,
    value_cents bigint not null,
    null_count double precision not null,
    computed_at timestamptz not null default now(),
    primary key (tenant_id, currency, path_rank)
);
create table ml.attribution_transition (
    tenant_id uuid not null,
    currency text not null,
    source text not null,
    target text not null,
    journey_count double precision not null,
    probability double precision not null check (probability between 0 and 1),
    computed_at timestamptz not null default now(),
    primary key (tenant_id, currency, source, target)
);
-- How long paths are (touches) and how much time they take (whole days from the first touch to the conversion).
create table ml.attribution_distribution (
    tenant_id uuid not null,
    currency text not null,
    measure text not null check (measure in ('path_length', 'lag_days')),
    bucket integer not null,
    conversions double precision not null,
    value_cents bigint not null,
    computed_at timestamptz not null default now(),
    primary key (tenant_id, currency, measure, bucket)
);
-- Conversions that met both channels; a channel with itself: those that met it at all.
create table ml.attribution_overlap (
    tenant_id uuid not null,
    currency text not null,
    channel text not null,
    other_channel text not null,
    conversions double precision not null,
    value_cents bigint not null,
    computed_at timestamptz not null default now(),
    primary key (tenant_id, currency, channel, other_channel)
);

-- What the tenant's credit was computed from and under which settings; unchanged means nothing to do.
create table ml.attribution_run (
    tenant_id uuid not null primary key,
    fingerprint text not null,
    settings jsonb not null,
    journey_count bigint not null,
    conversion_count bigint not null,
    cautions text[] not null,
    left_out jsonb not null,
    computed_at timestamptz not null default now()
);

-- Credit as of a moment, written once: what a month was worth at its end stays readable.
create table ml.attribution_snapshot (
    tenant_id uuid not null,
    as_of timestamptz not null,
    model text not null,
    converted_date date not null,
    channel text not null,
    campaign_id uuid,
    currency text not null,
    conversions double precision not null,
    value_cents bigint not null,
    lookback_days integer not null,
    computed_at timestamptz not null default now(),
    unique nulls not distinct (tenant_id, as_of, model, converted_date, channel, campaign_id, currency)
);

do $$
declare
    relation regclass;
begin
    foreach relation in array array[
        'ml.attribution_credit', 'ml.attribution_path', 'ml.attribution_transition', 'ml.attribution_distribution',
        'ml.attribution_overlap', 'ml.attribution_run', 'ml.attribution_snapshot'
    ]::regclass[] loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

grant select, insert, update, delete
on ml.attribution_credit, ml.attribution_path, ml.attribution_transition, ml.attribution_distribution,
ml.attribution_overlap, ml.attribution_run, ml.attribution_snapshot
to tekup_pipeline, tekup_all_tenants;
grant select
on ml.attribution_credit, ml.attribution_path, ml.attribution_transition, ml.attribution_distribution,
ml.attribution_overlap, ml.attribution_run, ml.attribution_snapshot
to tekup_reader, tekup_app;
