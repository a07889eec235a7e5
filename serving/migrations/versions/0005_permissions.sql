-- What a caller may do and whom he may see. The tenant's policy opens rows; the policies here close some of them again.
-- They read the permissions that the transaction began with. `*` is the product's own work. A context without
-- permissions may change nothing.

-- Lets `command` on `relation` through only with one of `permissions`. Asked once a statement, not once a row.
create function app.require_permission(relation regclass, command text, variadic permissions text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    allowed text := format(
        '(select string_to_array(current_setting(''app.permissions'', true), '' '') && %L::text[])', array_append(permissions, '*')
    );
begin
    execute format(
        'create policy %I on %s as restrictive for %s to tekup_app, tekup_reader %s %s',
        'permission_to_' || lower(command), relation, command,
        case when lower(command) <> 'insert' then 'using (' || allowed || ')' end,
        case when lower(command) in ('insert', 'update') then 'with check (' || allowed || ')' end
    );
end
$$;
revoke all on function app.require_permission(regclass, text, text[]) from public;

do $$
declare
    rule record;
    command text;
begin
    for rule in select * from (values
        ('app.tenants', array['tenant:write']),
        ('app.users', array['users:write']),
        ('app.api_tokens', array['tokens:write']),
        ('app.connections', array['connections:write']),
        ('app.webhook_endpoint', array['connections:write']),
        ('app.application_data', array['application_data:write']),
        ('app.companies', array['companies:write']),
        ('app.contacts', array['contacts:write']),
        ('app.pipelines', array['pipelines:write']),
        ('app.stages', array['pipelines:write']),
        ('app.campaigns', array['campaigns:write']),
        ('app.campaign_spend', array['campaigns:write']),
        ('app.leads', array['leads:write']),
        ('app.deals', array['deals:write']),
        ('app.activities', array['activities:write']),
        ('app.touchpoints', array['touchpoints:write']),
        ('app.identities', array['touchpoints:write', 'leads:write']),
        ('app.experiments', array['experiments:write']),
        ('app.lead_feedback', array['leads:write']),
        ('app.given_scores', array['scores:read', 'scores:write'])
    ) as listed (relation, permissions) loop
        foreach command in array array['insert', 'update', 'delete'] loop
            perform app.require_permission(rule.relation::regclass, command, variadic rule.permissions);
        end loop;
    end loop;
    for rule in select * from (values
        -- who may change leads or contacts must see them; a score is made of a lead without showing who it is
        ('app.leads', array['persons:read', 'leads:write']),
        ('app.contacts', array['persons:read', 'contacts:write']),
        ('app.activities', array['persons:read', 'activities:write']),
        ('app.identities', array['persons:read', 'touchpoints:write', 'leads:write']),
        ('app.lead_feedback', array['leads:read', 'leads:write', 'scores:read']),
        ('app.given_scores', array['scores:read', 'scores:write']),
        ('app.api_tokens', array['tokens:read', 'tokens:write']),
        ('app.connections', array['connections:read', 'connections:write']),
        ('app.webhook_endpoint', array['connections:read', 'connections:write']),
        ('app.audit_log', array['audit:read'])
    ) as listed (relation, permissions) loop
        perform app.require_permission(rule.relation::regclass, 'select', variadic rule.permissions);
    end loop;
end
$$;

-- An owner is made, changed and removed by an owner. An administrator who could would make himself one.
create policy owners_by_owners on app.users as restrictive for insert to tekup_app
with check (role <> 'owner' or (select current_setting('app.role', true) in ('owner', 'system')));
create policy owners_change_by_owners on app.users as restrictive for update to tekup_app
using (role <> 'owner' or (select current_setting('app.role', true) in ('owner', 'system')))
with check (role <> 'owner' or (select current_setting('app.role', true) in ('owner', 'system')));
create policy owners_go_by_owners on app.users as restrictive for delete to tekup_app
using (role <> 'owner' or (select current_setting('app.role', true) in ('owner', 'system')));

-- Whose lead it is. A tenant whose settings say {"sales_see": "own"} shows its salespeople their own and nobody's.
-- A new key is checked against the rows there are, under their policies; no row has an owner yet.
set local app.tenant_id = '00000000-0000-0000-0000-000000000000';
alter table app.leads
add column owner_id uuid,
add foreign key (tenant_id, owner_id) references app.users (tenant_id, id) on delete set null (owner_id);
set local app.tenant_id to default;
create index leads_tenant_owner on app.leads (tenant_id, owner_id);

-- The people in leads and contacts left out, for callers who may not see them. A view that ran with its reader's rights
-- would need the very columns that it leaves out; this one's owner holds no right on them, and can't log in.
create view app.leads_without_people as
select
    tenant_id, id, contact_id, company_id, campaign_id, owner_id, null::text as anonymous_id, null::text as email,
    null::text as full_name, company_name, null::text as job_title, null::text as message, source, landing_page,
    country, language, industry, employee_count, status, has_marketing_consent, value_cents, currency, contacted_at,
    qualified_at, won_at, lost_at, created_at, updated_at
from app.leads;
create view app.contacts_without_people as
select
    tenant_id, id, company_id, null::text as email, null::text as first_name, null::text as last_name,
    null::text as phone, null::text as job_title, language, lifecycle_stage, has_marketing_consent, created_at, updated_at
from app.contacts;

create policy tenant_isolation_without_people on app.leads for select to tekup_masked
using (tenant_id = (select current_setting('app.tenant_id')::uuid));
create policy tenant_isolation_without_people on app.contacts for select to tekup_masked
using (tenant_id = (select current_setting('app.tenant_id')::uuid));
create policy permission_to_select_without_people on app.leads as restrictive for select to tekup_masked
using ((
    select string_to_array(current_setting('app.permissions', true), ' ')
        && array['leads:read', 'leads:write', 'scores:read', 'scores:write', '*']
));
create policy permission_to_select_without_people on app.contacts as restrictive for select to tekup_masked
using ((
    select string_to_array(current_setting('app.permissions', true), ' ') && array['contacts:read', 'contacts:write', '*']
));

create policy own_leads_of_sales on app.leads as restrictive for all to tekup_app, tekup_reader, tekup_masked
using (
    (
        select current_setting('app.role', true) is distinct from 'sales'
            or not coalesce((select t.settings ->> 'sales_see' = 'own' from app.tenants as t), false)
    )
    or owner_id is null
    or owner_id = (select nullif(current_setting('app.user_id', true), '')::uuid)
);
create policy tenant_isolation_without_people on app.tenants for select to tekup_masked
using (tenant_id = (select current_setting('app.tenant_id')::uuid));

grant usage, create on schema app to tekup_masked;
grant select (
    tenant_id, id, contact_id, company_id, campaign_id, owner_id, company_name, source, landing_page, country, language,
    industry, employee_count, status, has_marketing_consent, value_cents, currency, contacted_at, qualified_at, won_at,
    lost_at, created_at, updated_at
) on app.leads to tekup_masked;
grant select (
    tenant_id, id, company_id, language, lifecycle_stage, has_marketing_consent, created_at, updated_at
) on app.contacts to tekup_masked;
grant select (tenant_id, settings) on app.tenants to tekup_masked;
alter view app.leads_without_people owner to tekup_masked;
alter view app.contacts_without_people owner to tekup_masked;
revoke create on schema app from tekup_masked;
-- as its owner: a managed server gives tekup_owner no other way
set role tekup_masked;
grant select on app.leads_without_people, app.contacts_without_people to tekup_app;
reset role;
