-- Automation: rules of a tenant (when X and Y then do Z), and the log of each firing.

create table app.automation_rules (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null check (name <> ''),
    description text,
    position integer not null default 100,
    is_enabled boolean not null default true,
    trigger text not null check (trigger <> ''),
    condition text not null default '',
    actions jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, name)
);
create index automation_rules_tenant_trigger on app.automation_rules (tenant_id, trigger, position, id);

-- One firing. A rule fires at most once for an event, however often the event is read.
create table app.automation_runs (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    rule_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    entity_type text not null,
    entity_id uuid not null,
    outcome text not null check (outcome in ('done', 'failed', 'stopped')),
    actions jsonb not null default '[]',
    error text,
    caused_by uuid,
    depth smallint not null default 1,
    line uuid[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, rule_id, event_id),
    foreign key (tenant_id, rule_id) references app.automation_rules (tenant_id, id) on delete cascade
);
create index automation_runs_tenant_created on app.automation_runs (tenant_id, created_at, id);
create index automation_runs_tenant_entity on app.automation_runs (tenant_id, entity_id, created_at);

do $$
declare
    relation regclass;
    command text;
begin
    foreach relation in array array['app.automation_rules'::regclass, 'app.automation_runs'::regclass] loop
        execute format('alter table %s enable row level security', relation);
        execute format('alter table %s force row level security', relation);
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
    end loop;
    foreach command in array array['insert', 'update', 'delete'] loop
        perform app.require_permission('app.automation_rules', command, 'automation:write');
    end loop;
    perform app.require_permission('app.automation_runs', 'insert', '*');
    perform app.require_permission('app.automation_runs', 'update', '*');
end
$$;
grant select, insert, update, delete on app.automation_rules to tekup_app;
grant select, insert, update on app.automation_runs to tekup_app;
