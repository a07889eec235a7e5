-- JSON schemas that applications' documents are held to.

create table app.application_schemas (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    app_name text not null check (app_name <> ''),
    json_schema jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, app_name)
);
create index application_data_tenant_app on app.application_data (tenant_id, app_name, id);
alter table app.application_schemas enable row level security;
alter table app.application_schemas force row level security;
create policy tenant_isolation on app.application_schemas to tekup_owner, tekup_pipeline, tekup_app, tekup_reader
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
grant select, insert, update on app.application_schemas to tekup_app;
do $$
begin
    perform app.require_permission('app.application_schemas', 'insert', 'application_data:write');
    perform app.require_permission('app.application_schemas', 'update', 'application_data:write');
end
$$;
