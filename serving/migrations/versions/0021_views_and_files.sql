-- Saved views of lists, private or shared, and what is known of files that belong to records.

create table app.saved_views (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null check (name <> ''),
    list text not null,
    filters jsonb not null default '{}',
    sort text not null,
    columns text[] not null,
    is_shared boolean not null default false,
    owner_id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, owner_id, list, name)
);
create index saved_views_tenant_list on app.saved_views (tenant_id, list, name, id);

-- Where a file lies is its keeper's affair; here stands what it is and whose.
create table app.files (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null check (name <> ''),
    media_type text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 text not null,
    storage_url text not null,
    description text,
    lead_id uuid,
    contact_id uuid,
    company_id uuid,
    deal_id uuid,
    activity_id uuid,
    owner_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade,
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, company_id) references app.companies (tenant_id, id) on delete cascade,
    foreign key (tenant_id, deal_id) references app.deals (tenant_id, id) on delete cascade,
    foreign key (tenant_id, activity_id) references app.activities (tenant_id, id) on delete cascade,
    foreign key (tenant_id, owner_id) references app.users (tenant_id, id) on delete set null (owner_id)
);
create index files_tenant_created on app.files (tenant_id, created_at, id);
create index files_tenant_sha256 on app.files (tenant_id, sha256);
create index files_tenant_lead on app.files (tenant_id, lead_id);
create index files_tenant_contact on app.files (tenant_id, contact_id);
create index files_tenant_company on app.files (tenant_id, company_id);
create index files_tenant_deal on app.files (tenant_id, deal_id);
create index files_tenant_activity on app.files (tenant_id, activity_id);
create index files_tenant_owner on app.files (tenant_id, owner_id);

do $$
declare
    relation regclass;
    command text;
begin
    foreach relation in array array['app.saved_views'::regclass, 'app.files'::regclass] loop
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
        perform app.require_permission('app.saved_views', command, 'views:write');
        perform app.require_permission('app.files', command, 'files:write');
    end loop;
    -- a file's name often names a person
    perform app.require_permission('app.files', 'select', 'persons:read', 'files:write');
end
$$;
-- A view is its maker's; others see it where it is shared, and change it never, but for who may change the tenant.
create policy own_or_shared on app.saved_views as restrictive for select to tekup_app, tekup_reader
using (
    is_shared
    or owner_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    or (select string_to_array(current_setting('app.permissions', true), ' ') && array['tenant:write', '*'])
);
create policy changed_by_its_owner on app.saved_views as restrictive for update to tekup_app
using (
    owner_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    or (select string_to_array(current_setting('app.permissions', true), ' ') && array['tenant:write', '*'])
);
create policy deleted_by_its_owner on app.saved_views as restrictive for delete to tekup_app
using (
    owner_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
    or (select string_to_array(current_setting('app.permissions', true), ' ') && array['tenant:write', '*'])
);
grant select, insert, update, delete on app.saved_views, app.files to tekup_app;
