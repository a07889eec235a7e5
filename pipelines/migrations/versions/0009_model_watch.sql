-- What scores were made of, what models are watched by, and who made which model live.

-- A score names the inputs it was made from, so that only leads whose inputs changed are scored again.
alter table ml.lead_score
add column input_hash bigint,
add column base_probability double precision check (base_probability between 0 and 1),
add column probability_low double precision,
add column probability_high double precision,
add column has_enough_data boolean,
add column is_out_of_distribution boolean;
alter table ml.lead_score_history
add column input_hash bigint,
add column base_probability double precision,
add column reasons jsonb,
add column probability_low double precision,
add column probability_high double precision,
add column has_enough_data boolean,
add column is_out_of_distribution boolean,
-- Whether the lead was new and its outcome unknown: only such a score can be judged by the outcome. An older lead that
-- is still open has not been won yet, so its chance is no longer what the model tells.
add column is_fresh boolean;
create index lead_score_history_fresh on ml.lead_score_history (tenant_id, model_version, lead_id, scored_at)
where is_fresh;

-- A lead's inputs as the model saw them, once for each time they changed, however many models saw them.
create table ml.lead_score_input (
    tenant_id uuid not null,
    lead_id uuid not null,
    input_hash bigint not null,
    features jsonb not null,
    first_seen_at timestamptz not null default now(),
    primary key (tenant_id, lead_id, input_hash)
);

-- What the challenger would have said of new leads; nobody is shown it.
create table ml.lead_score_shadow (
    tenant_id uuid not null,
    lead_id uuid not null,
    model_version text not null,
    input_hash bigint not null,
    probability double precision not null check (probability between 0 and 1),
    grade text not null check (grade in ('A', 'B', 'C', 'D', 'E')),
    scored_at timestamptz not null default now(),
    primary key (tenant_id, model_version, lead_id)
);

-- What a version learned from of each tenant: the reference to its training snapshot.
create table ml.model_teaching (
    tenant_id uuid not null,
    model_version text not null,
    lead_count bigint not null,
    won_count bigint not null,
    feedback_count bigint not null default 0,
    snapshot_hash text not null,
    newest_lead_at timestamptz not null,
    -- the version's probe knows no lead from here on
    probe_until timestamptz not null,
    taught_at timestamptz not null default now(),
    primary key (tenant_id, model_version)
);
-- How features, scores and calibration lay in the training snapshot: counts by bin.
create table ml.model_reference (
    tenant_id uuid not null,
    model_version text not null,
    subject text not null check (subject in ('feature', 'score', 'calibration')),
    name text not null,
    bins jsonb not null,
    row_count bigint not null,
    primary key (tenant_id, model_version, subject, name)
);
-- One row for each look at one thing; `(all)` carries a detector's evidence from look to look.
create table ml.model_drift (
    tenant_id uuid not null,
    model_version text not null,
    subject text not null check (subject in ('feature', 'score', 'calibration')),
    name text not null,
    looked_until timestamptz not null,
    row_count bigint not null,
    psi double precision,
    p_value double precision check (p_value between 0 and 1),
    q_value double precision check (q_value between 0 and 1),
    evidence double precision,
    is_drifting boolean not null,
    looked_at timestamptz not null default now(),
    primary key (tenant_id, model_version, subject, name, looked_until)
);
-- Quality on outcomes that came after the score: leads matured, whether won or not.
create table ml.model_outcome (
    tenant_id uuid not null,
    model_version text not null,
    metric text not null,
    value double precision,
    lead_count bigint not null,
    won_count bigint not null,
    matured_until timestamptz not null,
    measured_at timestamptz not null default now(),
    primary key (tenant_id, model_version, metric)
);

alter table ml.model_version
add column is_challenger boolean not null default false,
add column provenance jsonb not null default '{}',
add column decision jsonb not null default '{}';

-- Not a tenant's: the registry's history, for whoever asks by SQL. It only grows.
create table ml.model_promotion (
    kind text not null,
    entry integer not null,
    action text not null check (action in ('promote', 'rollback', 'challenge', 'dismiss')),
    model_version text not null,
    previous_version text,
    done_by text not null,
    done_at timestamptz not null,
    reason text,
    noted_at timestamptz not null default now(),
    primary key (kind, entry)
);
create function ml.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '% only grows: % is refused', tg_table_name, lower(tg_op);
end
$$;
create trigger only_grows before update or delete or truncate on ml.model_promotion
for each statement execute function ml.refuse_change();

-- What salespeople said of scores, as the operational database has it.
create table raw_operational.lead_feedback (
    tenant_id uuid not null, id uuid not null, lead_id uuid, verdict text, comment text, model_version text,
    probability double precision, given_by uuid, given_at timestamptz, created_at timestamptz, updated_at timestamptz,
    changed_xid xid8 not null, deleted_at timestamptz, synced_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'ml.lead_score_input', 'ml.lead_score_shadow', 'ml.model_teaching', 'ml.model_reference', 'ml.model_drift',
        'ml.model_outcome', 'raw_operational.lead_feedback'
    ] loop
        perform ops.secure_relation(relation::regclass);
        execute format('grant select, insert, update, delete on %s to tekup_pipeline, tekup_all_tenants', relation);
    end loop;
end
$$;
grant select on
    ml.lead_score_input, ml.lead_score_shadow, ml.model_teaching, ml.model_drift, ml.model_outcome, ml.model_promotion
to tekup_reader, tekup_app;
grant select, insert on ml.model_promotion to tekup_pipeline, tekup_all_tenants;
