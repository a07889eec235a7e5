-- Experiments: what defines one, and who was shown which variant.

-- defaults of the expressions here are reckoned for each row there is, whosever it is
alter table app.experiments
drop constraint experiments_status_check,
add check (status in ('draft', 'running', 'stopped', 'decided')),
add column key text not null default 'experiment-' || left(gen_random_uuid()::text, 8)
check (key ~ '^[a-z][a-z0-9_-]{0,62}$'),
add column unit text not null default 'visitor' check (unit in ('visitor', 'lead', 'contact')),
add column layer text,
add column traffic_from double precision not null default 0,
add column traffic_to double precision not null default 1,
add column audience jsonb not null default '{}',
add column secondary_metrics text[] not null default '{}',
add column guard_rails jsonb not null default '[]',
add column outcome_days smallint not null default 14 check (outcome_days between 1 and 180),
add column alpha double precision not null default 0.05 check (alpha > 0 and alpha <= 0.2),
add column least_effect double precision check (least_effect > 0),
add column planned_units integer not null default 2000 check (planned_units >= 100),
add column stopped_at timestamptz,
add column decision text,
add column decision_note text,
add column decided_at timestamptz,
add check (traffic_from >= 0 and traffic_from < traffic_to and traffic_to <= 1),
add unique (tenant_id, key);
alter table app.experiments alter column key drop default;
create index experiments_tenant_status on app.experiments (tenant_id, status);
create index experiments_tenant_created on app.experiments (tenant_id, created_at, id);

-- The first time that somebody was shown a variant: a visitor, a lead or a contact.
create table app.experiment_exposures (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    experiment_id uuid not null,
    anonymous_id text,
    lead_id uuid,
    contact_id uuid,
    unit_id text generated always as (coalesce(anonymous_id, lead_id::text, contact_id::text)) stored,
    variant text not null,
    exposed_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, id),
    foreign key (tenant_id, experiment_id) references app.experiments (tenant_id, id) on delete cascade,
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade,
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete cascade,
    unique (tenant_id, experiment_id, unit_id),
    check (anonymous_id is not null or lead_id is not null or contact_id is not null)
);
create index experiment_exposures_tenant_xid on app.experiment_exposures (tenant_id, changed_xid);
create index experiment_exposures_tenant_lead on app.experiment_exposures (tenant_id, lead_id);
create index experiment_exposures_tenant_contact on app.experiment_exposures (tenant_id, contact_id);
create trigger stamp_row before insert or update on app.experiment_exposures
for each row execute function app.stamp_row();
create trigger bury_row after delete on app.experiment_exposures for each row execute function app.bury_row();

alter table app.experiment_exposures enable row level security;
alter table app.experiment_exposures force row level security;
create policy tenant_isolation on app.experiment_exposures to tekup_owner, tekup_pipeline, tekup_app, tekup_reader
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
do $$
declare
    command text;
begin
    foreach command in array array['insert', 'update', 'delete'] loop
        perform app.require_permission('app.experiment_exposures', command, 'exposures:write');
    end loop;
    -- the cookies in it name persons; who tells of one finds out whether it is known
    perform app.require_permission('app.experiment_exposures', 'select', 'persons:read', 'exposures:write');
end
$$;
grant select, insert, update on app.experiment_exposures to tekup_app;
grant select on app.experiment_exposures to tekup_pipeline;
