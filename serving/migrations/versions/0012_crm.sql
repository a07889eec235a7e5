-- CRM: owners, tags and custom fields on records, a hierarchy of companies, tasks, and merges that can be undone.

-- A new key is checked against the rows there are, under their policies; no row has an owner yet.
set local app.tenant_id = '00000000-0000-0000-0000-000000000000';
do $$
declare
    entity text;
begin
    foreach entity in array array['companies', 'contacts', 'deals', 'activities'] loop
        execute format(
            'alter table app.%I add column owner_id uuid, '
            'add foreign key (tenant_id, owner_id) references app.users (tenant_id, id) on delete set null (owner_id)',
            entity
        );
        execute format('create index %I on app.%I (tenant_id, owner_id)', entity || '_tenant_owner', entity);
        execute format('create index %I on app.%I (tenant_id, created_at, id)', entity || '_tenant_created', entity);
        execute format('create index %I on app.%I (tenant_id, updated_at, id)', entity || '_tenant_updated', entity);
    end loop;
    foreach entity in array array['companies', 'contacts', 'deals'] loop
        execute format(
            'alter table app.%I add column tags text[] not null default ''{}'', '
            'add column custom jsonb not null default ''{}''', entity
        );
    end loop;
end
$$;
alter table app.companies
add column parent_id uuid,
add foreign key (tenant_id, parent_id) references app.companies (tenant_id, id) on delete set null (parent_id);
set local app.tenant_id to default;
create index companies_tenant_parent on app.companies (tenant_id, parent_id);
create index companies_tenant_name on app.companies (tenant_id, name, id);
create index companies_tenant_domain on app.companies (tenant_id, domain);
create index contacts_tenant_email on app.contacts (tenant_id, email);
create index contacts_tenant_company on app.contacts (tenant_id, company_id);
create index deals_tenant_stage on app.deals (tenant_id, stage_id);
create index deals_tenant_contact on app.deals (tenant_id, contact_id);
create index deals_tenant_company on app.deals (tenant_id, company_id);
create index activities_tenant_contact on app.activities (tenant_id, contact_id, occurred_at);
create index activities_tenant_deal on app.activities (tenant_id, deal_id, occurred_at);

-- A task is an activity that has a time by which it is to be done, and one at which it was.
alter table app.activities add column due_at timestamptz, add column completed_at timestamptz;
create index activities_tenant_due on app.activities (tenant_id, due_at) where completed_at is null and due_at is not null;

create table app.custom_fields (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    entity text not null check (entity in ('contact', 'company', 'deal')),
    name text not null check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    label text not null,
    kind text not null check (kind in ('text', 'number', 'boolean', 'date', 'choice')),
    choices text[] not null default '{}',
    is_required boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, entity, name),
    check ((kind = 'choice') = (cardinality(choices) > 0))
);

-- What a merge took away, moved and filled in: all that undoing it needs.
create table app.record_merges (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    entity text not null check (entity in ('contact', 'company')),
    kept_id uuid not null,
    merged_id uuid not null,
    merged_record jsonb not null,
    filled jsonb not null,
    moved jsonb not null,
    merged_by uuid,
    merged_at timestamptz not null default now(),
    undone_at timestamptz,
    primary key (tenant_id, id)
);
create index record_merges_tenant_kept on app.record_merges (tenant_id, kept_id);

do $$
declare
    relation regclass;
    command text;
begin
    foreach relation in array array['app.custom_fields'::regclass, 'app.record_merges'::regclass] loop
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
        perform app.require_permission('app.custom_fields', command, 'tenant:write');
        perform app.require_permission('app.record_merges', command, 'contacts:write', 'companies:write');
    end loop;
    -- it holds the merged record whole
    perform app.require_permission('app.record_merges', 'select', 'contacts:write', 'companies:write');
end
$$;
grant select, insert, update, delete on app.custom_fields to tekup_app;
grant select, insert, update on app.record_merges to tekup_app;

-- Callers who may not see people see whose contacts they are and how they are tagged; custom fields may name a person.
grant usage, create on schema app to tekup_masked;
grant select (owner_id, tags) on app.contacts to tekup_masked;
set role tekup_masked;
create or replace view app.contacts_without_people as
select
    tenant_id, id, company_id, null::text as email, null::text as first_name, null::text as last_name,
    null::text as phone, null::text as job_title, language, lifecycle_stage, has_marketing_consent, created_at,
    updated_at, owner_id, tags, '{}'::jsonb as custom
from app.contacts;
reset role;
revoke create on schema app from tekup_masked;
