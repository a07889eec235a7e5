-- What other models than the lead score predict, and what a tenant may see of how models fare.

-- Probability times what a deal is worth, in minor units of the tenant's reporting currency; null without a value model.
alter table ml.lead_score add column expected_value_cents bigint check (expected_value_cents >= 0);
alter table ml.lead_score_history add column expected_value_cents bigint;

-- What a lead is worth if it is won, and the span of nine deals of ten.
create table ml.lead_value (
    tenant_id uuid not null,
    lead_id uuid not null,
    model_version text not null,
    input_hash bigint not null,
    value_cents bigint not null check (value_cents >= 0),
    value_cents_low bigint not null,
    value_cents_high bigint not null,
    predicted_at timestamptz not null default now(),
    primary key (tenant_id, lead_id)
);
-- By when a lead is won, counted from the day it came.
create table ml.lead_conversion (
    tenant_id uuid not null,
    lead_id uuid not null,
    model_version text not null,
    input_hash bigint not null,
    by_7d double precision not null check (by_7d between 0 and 1),
    by_14d double precision not null check (by_14d between 0 and 1),
    by_30d double precision not null check (by_30d between 0 and 1),
    by_60d double precision not null check (by_60d between 0 and 1),
    by_90d double precision not null check (by_90d between 0 and 1),
    median_days double precision,
    predicted_at timestamptz not null default now(),
    primary key (tenant_id, lead_id)
);
-- Whether a running subscription ends within 90 days.
create table ml.subscription_churn (
    tenant_id uuid not null,
    subscription_id text not null,
    model_version text not null,
    input_hash bigint not null,
    probability double precision not null check (probability between 0 and 1),
    probability_low double precision not null,
    probability_high double precision not null,
    has_enough_data boolean not null,
    is_out_of_distribution boolean not null,
    reasons jsonb not null,
    predicted_at timestamptz not null default now(),
    primary key (tenant_id, subscription_id)
);
create index subscription_churn_tenant_probability on ml.subscription_churn (tenant_id, probability desc);

-- How a version's held-out scores met the outcomes: a point of a curve. `calibration`: mean score (x) and share won (y)
-- of a tenth of the leads; `gain`: share of the leads taken, best first (x), and share of all wins among them (y).
create table ml.model_curve (
    tenant_id uuid not null,
    model_version text not null,
    curve text not null check (curve in ('calibration', 'gain')),
    place integer not null,
    x double precision not null,
    y double precision not null,
    lead_count bigint not null,
    primary key (tenant_id, model_version, curve, place)
);
-- How a version fares for groups of a tenant's held-out leads; groups of fewer than 30 leads are left out.
create table ml.model_slice (
    tenant_id uuid not null,
    model_version text not null,
    name text not null,
    value text not null,
    lead_count bigint not null,
    base_rate double precision not null,
    mean_probability double precision not null,
    calibration_gap double precision not null,
    gap_standard_error double precision not null,
    roc_auc double precision,
    log_loss double precision not null,
    top_grade_rate double precision not null,
    top_grade_ratio double precision,
    primary key (tenant_id, model_version, name, value)
);

alter table ml.model_version add column card text not null default '';

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'ml.lead_value', 'ml.lead_conversion', 'ml.subscription_churn', 'ml.model_curve', 'ml.model_slice'
    ] loop
        perform ops.secure_relation(relation::regclass);
        execute format('grant select, insert, update, delete on %s to tekup_pipeline, tekup_all_tenants', relation);
        execute format('grant select on %s to tekup_reader, tekup_app', relation);
    end loop;
end
$$;
