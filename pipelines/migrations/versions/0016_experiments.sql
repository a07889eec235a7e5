-- Raw copies of what defines experiments, and of exposures, as the operational database has them.
alter table raw_operational.experiments
add column key text,
add column unit text,
add column layer text,
add column traffic_from double precision,
add column traffic_to double precision,
add column audience jsonb,
add column secondary_metrics text[],
add column guard_rails jsonb,
add column outcome_days smallint,
add column alpha double precision,
add column least_effect double precision,
add column planned_units integer,
add column stopped_at timestamptz,
add column decision text,
add column decision_note text,
add column decided_at timestamptz;

create table raw_operational.experiment_exposures (
    tenant_id uuid not null, id uuid not null, experiment_id uuid, anonymous_id text, lead_id uuid, contact_id uuid,
    variant text, exposed_at timestamptz, created_at timestamptz, updated_at timestamptz,
    changed_xid xid8 not null, deleted_at timestamptz, synced_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
do $$
begin
    perform ops.secure_relation('raw_operational.experiment_exposures');
end
$$;
grant select, insert, update, delete on raw_operational.experiment_exposures to tekup_pipeline, tekup_all_tenants;
