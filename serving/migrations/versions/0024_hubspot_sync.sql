-- Two-way synchronisation with HubSpot: what a tenant wants of each kind of object, and how each record stands.

create table app.hubspot_syncs (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    kind text not null check (kind in ('contacts', 'companies', 'deals')),
    direction text not null default 'off' check (direction in ('off', 'in', 'out', 'both')),
    rule text not null default 'newest' check (rule in ('newest', 'hubspot', 'tekup')),
    fields jsonb not null default '{}',
    stages jsonb not null default '{}',
    matches boolean not null default true,
    requires_consent boolean not null default false,
    follows_deletions boolean not null default true,
    watermark timestamptz,
    looked_at timestamptz,
    sent_count bigint not null default 0,
    received_count bigint not null default 0,
    last_sent_at timestamptz,
    last_received_at timestamptz,
    error text,
    is_woken boolean not null default false,
    next_beat_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, kind)
);

-- One record and the object that it is at HubSpot. `base` has a digest of what both last agreed on, by field, and no
-- value; `links` the ids of associated objects. A record that waits is compared with its object and what differs goes out.
create table app.hubspot_records (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    kind text not null check (kind in ('contacts', 'companies', 'deals')),
    contact_id uuid,
    company_id uuid,
    deal_id uuid,
    record_id uuid generated always as (coalesce(contact_id, company_id, deal_id)) stored,
    object_id text,
    base jsonb not null default '{}',
    links jsonb not null default '{}',
    is_gone boolean not null default false,
    state text not null default 'settled' check (state in ('settled', 'waiting', 'failed')),
    action text not null default 'write' check (action in ('write', 'delete')),
    merged_into uuid,
    set_at jsonb not null default '{}',
    generation integer not null default 0,
    attempts smallint not null default 0,
    reason text,
    next_try_at timestamptz,
    seen_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, kind, record_id),
    unique (tenant_id, kind, object_id),
    check (num_nonnulls(contact_id, company_id, deal_id) <= 1)
);
create index hubspot_records_tenant_state on app.hubspot_records (tenant_id, kind, state, next_try_at)
where state <> 'settled';
create index hubspot_records_tenant_contact on app.hubspot_records (tenant_id, contact_id) where contact_id is not null;

do $$
declare
    relation regclass;
begin
    foreach relation in array array['app.hubspot_syncs'::regclass, 'app.hubspot_records'::regclass] loop
        execute format('alter table %s enable row level security', relation);
        execute format('alter table %s force row level security', relation);
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
        perform app.require_permission(relation, 'select', 'tenant:read', 'tenant:write');
        perform app.require_permission(relation, 'insert', 'tenant:write');
        perform app.require_permission(relation, 'update', 'tenant:write');
    end loop;
    perform app.require_permission('app.hubspot_records', 'delete', 'tenant:write');
end
$$;
grant select, insert, update on app.hubspot_syncs to tekup_app;
grant select, insert, update, delete on app.hubspot_records to tekup_app;
grant select on app.hubspot_syncs, app.hubspot_records to tekup_pipeline;
