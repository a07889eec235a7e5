-- Tenants' own keys, requests to export or erase a person, and the ledger that keeps the erased from coming back.

-- Random keys, closed by the master key that `wrapped_by` names. A key of a subject is destroyed with the person.
create table app.data_keys (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    purpose text not null check (purpose in ('field', 'pseudonym', 'subject')),
    subject text not null default '',
    version integer not null check (version > 0),
    wrapped_key bytea not null,
    wrapped_by text not null,
    created_at timestamptz not null default now(),
    wrapped_at timestamptz not null default now(),
    primary key (tenant_id, purpose, subject, version),
    check ((purpose = 'subject') = (subject <> ''))
);

-- One request of one person. Who it is about stands sealed by a key of its own, which goes when the request is settled.
create table app.privacy_request (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    kind text not null check (kind in ('export', 'erase')),
    status text not null default 'requested' check (status in ('requested', 'running', 'done', 'settled', 'failed')),
    subject_pseudonym bytea not null,
    subject_sealed bytea,
    person_sealed bytea,
    steps jsonb not null default '{}',
    archive_sealed bytea,
    error text,
    requested_by text not null,
    requested_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (tenant_id, id)
);
create index privacy_request_open on app.privacy_request (tenant_id, requested_at)
where status in ('requested', 'running', 'failed');
create index privacy_request_newest on app.privacy_request (tenant_id, requested_at desc, id desc);

-- Keyed pseudonyms of what an erased person was known by: e-mails, numbers, cookies, ids at vendors. Nobody is named.
create table app.erased_identifier (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    pseudonym bytea not null,
    kind text not null,
    request_id uuid not null,
    erased_at timestamptz not null default now(),
    primary key (tenant_id, pseudonym)
);

do $$
declare
    relation text;
begin
    foreach relation in array array['app.data_keys', 'app.privacy_request', 'app.erased_identifier'] loop
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

select app.require_permission('app.privacy_request', 'insert', 'privacy:write');
select app.require_permission('app.data_keys', 'insert', '*');

grant select, insert on app.data_keys, app.privacy_request to tekup_app;
grant select on app.erased_identifier to tekup_app, tekup_pipeline;
