-- Rules of naming for the links of campaigns: one row a tenant.

create table app.utm_rules (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    sources text[] not null default '{}',
    mediums text[] not null default '{}',
    separator text not null default '-',
    parts jsonb not null default '[]',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id)
);
alter table app.utm_rules enable row level security;
alter table app.utm_rules force row level security;
create policy tenant_isolation on app.utm_rules to tekup_owner, tekup_pipeline, tekup_app, tekup_reader
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
do $$
begin
    perform app.require_permission('app.utm_rules', 'insert', 'campaigns:write');
    perform app.require_permission('app.utm_rules', 'update', 'campaigns:write');
end
$$;
grant select, insert, update on app.utm_rules to tekup_app;
