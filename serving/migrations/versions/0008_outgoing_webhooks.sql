-- Webhooks that go out. An endpoint is sent what the scopes of whoever made it may see, and no more.

create table app.outgoing_webhooks (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    url text not null,
    description text,
    event_types text[],
    scopes text[] not null,
    secret_sealed bytea not null,
    previous_secret_sealed bytea,
    previous_until timestamptz,
    is_enabled boolean not null default true,
    disabled_reason text,
    failing_since timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    check ((previous_secret_sealed is null) = (previous_until is null))
);

create table app.outgoing_deliveries (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    webhook_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    attempts integer not null default 0,
    next_try_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, webhook_id, event_id),
    foreign key (tenant_id, webhook_id) references app.outgoing_webhooks (tenant_id, id) on delete cascade,
    foreign key (tenant_id, event_id) references app.events (tenant_id, id) on delete cascade
);
create index outgoing_deliveries_event on app.outgoing_deliveries (tenant_id, event_id);

create table app.outgoing_attempts (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    delivery_id uuid not null,
    number integer not null,
    attempted_at timestamptz not null default now(),
    status smallint,
    milliseconds integer not null,
    error text,
    answer text,
    primary key (tenant_id, delivery_id, number),
    foreign key (tenant_id, delivery_id) references app.outgoing_deliveries (tenant_id, id) on delete cascade
);

do $$
declare
    relation text;
    command text;
begin
    foreach relation in array array['outgoing_webhooks', 'outgoing_deliveries', 'outgoing_attempts'] loop
        execute format('alter table app.%I enable row level security', relation);
        execute format('alter table app.%I force row level security', relation);
        execute format(
            'create policy tenant_isolation on app.%I to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
        foreach command in array array['insert', 'update', 'delete'] loop
            perform app.require_permission(format('app.%I', relation)::regclass, command, 'webhooks:write');
        end loop;
        perform app.require_permission(
            format('app.%I', relation)::regclass, 'select', 'webhooks:read', 'webhooks:write'
        );
    end loop;
end
$$;
grant select, insert, update, delete on app.outgoing_webhooks, app.outgoing_deliveries to tekup_app;
grant select, insert on app.outgoing_attempts to tekup_app;
