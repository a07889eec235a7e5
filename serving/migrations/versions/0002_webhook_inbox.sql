-- Where vendors' webhooks arrive: the address of each connection, and an inbox from which pulls take hints.

-- One address a connection: its key stands hashed, the vendor's signing secrets sealed.
create table app.webhook_endpoint (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    connection_id uuid not null,
    vendor text not null check (vendor in ('hubspot', 'stripe', 'kit')),
    key_hash bytea not null,
    previous_key_hash bytea,
    previous_until timestamptz,
    secrets_sealed bytea not null,
    created_at timestamptz not null default now(),
    rotated_at timestamptz,
    primary key (tenant_id, connection_id),
    foreign key (tenant_id, connection_id) references app.connections (tenant_id, id) on delete cascade,
    check ((previous_key_hash is null) = (previous_until is null))
);

-- One event a row. Transport, not business data: it carries no change stamp and is not copied to the warehouse.
-- payload is json and not jsonb: vendors' texts may hold the escape of the NUL character, which jsonb refuses.
-- hints are pairs of stream and object id; arrivals counts an event that bears no id of its own and came again.
create table app.webhook_delivery (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    vendor text not null check (vendor in ('hubspot', 'stripe', 'kit')),
    dedupe_key text not null,
    event_type text not null,
    hints jsonb not null,
    is_erasure boolean not null,
    payload json not null,
    occurred_at timestamptz,
    received_at timestamptz not null default now(),
    arrivals integer not null default 1,
    attempts integer not null default 0,
    attempted_at timestamptz,
    folded_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, vendor, dedupe_key)
);
create index webhook_delivery_waiting on app.webhook_delivery (tenant_id, vendor, received_at) where folded_at is null;
create index webhook_delivery_folded on app.webhook_delivery (tenant_id, folded_at) where folded_at is not null;

do $$
declare
    relation text;
begin
    foreach relation in array array['app.webhook_endpoint', 'app.webhook_delivery'] loop
        execute format('alter table %s enable row level security', relation);
        execute format('alter table %s force row level security', relation);
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
    end loop;
end
$$;

grant select, insert, update, delete on app.webhook_endpoint to tekup_app;
grant select on app.webhook_endpoint to tekup_pipeline;

-- The API puts deliveries in and reads none of them: what it may see is what finds a repeated one.
grant insert on app.webhook_delivery to tekup_app;
grant select (tenant_id, vendor, dedupe_key, arrivals) on app.webhook_delivery to tekup_app;
grant update (arrivals, received_at, folded_at, attempts, attempted_at) on app.webhook_delivery to tekup_app;
grant select, delete on app.webhook_delivery to tekup_pipeline;
grant update (payload, folded_at, attempts, attempted_at) on app.webhook_delivery to tekup_pipeline;

-- The sensor asks which tenants have mail; what is in it stays closed to this role.
create policy all_tenants_waiting on app.webhook_delivery for select to tekup_all_tenants using (true);
grant select (tenant_id, vendor, received_at, attempts, attempted_at, folded_at)
on app.webhook_delivery to tekup_all_tenants;
