-- Assignment: rules of who gets a new lead or deal, and whose turn it is.

create table app.assignment_rules (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null check (name <> ''),
    entity text not null check (entity in ('lead', 'deal')),
    position integer not null default 100,
    is_enabled boolean not null default true,
    condition text not null default '',
    strategy text not null check (strategy in ('round_robin', 'least_loaded')),
    user_ids uuid[] not null,
    most_open integer check (most_open > 0),
    fallback_user_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, entity, name),
    foreign key (tenant_id, fallback_user_id) references app.users (tenant_id, id) on delete set null (fallback_user_id)
);
create index assignment_rules_tenant_entity on app.assignment_rules (tenant_id, entity, position, id);
create index assignment_rules_tenant_fallback on app.assignment_rules (tenant_id, fallback_user_id);

-- Whose turn it is: kept apart from the rule, since whoever stores a lead takes a turn. Its row is the lock.
create table app.assignment_turns (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    rule_id uuid not null,
    turn bigint not null default 0,
    last_turns jsonb not null default '{}',
    primary key (tenant_id, rule_id),
    foreign key (tenant_id, rule_id) references app.assignment_rules (tenant_id, id) on delete cascade
);

do $$
declare
    relation regclass;
    command text;
begin
    foreach relation in array array['app.assignment_rules'::regclass, 'app.assignment_turns'::regclass] loop
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
        perform app.require_permission('app.assignment_rules', command, 'automation:write');
    end loop;
    -- turns are taken by the platform alone, in the transaction of the record
    perform app.require_permission('app.assignment_turns', 'insert', '*');
    perform app.require_permission('app.assignment_turns', 'update', '*');
end
$$;
grant select, insert, update, delete on app.assignment_rules to tekup_app;
grant select, insert, update on app.assignment_turns to tekup_app;
