-- The operational schema: one row-level-security policy a table, composite keys that begin with the tenant.

create schema app;

-- Every writer stamps the transaction that last touched a row; the pull reads windows of finished transactions.
create function app.stamp_row() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.changed_xid := pg_current_xact_id();
    if tg_op = 'UPDATE' and new.updated_at is not distinct from old.updated_at then
        new.updated_at := now();
    end if;
    return new;
end
$$;

create table app.tombstones (
    tenant_id uuid not null,
    entity text not null,
    entity_id uuid not null,
    deleted_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id()
);
create index tombstones_tenant_xid on app.tombstones (tenant_id, changed_xid);

create function app.bury_row() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into app.tombstones (tenant_id, entity, entity_id) values (old.tenant_id, tg_table_name, old.id);
    return old;
end
$$;

create table app.tenants (
    tenant_id uuid not null generated always as (id) stored,
    id uuid primary key,
    name text not null check (name <> ''),
    domain text not null,
    settings jsonb not null default '{}',
    status text not null default 'active' check (status in ('active', 'suspended', 'deleted')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table app.users (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    email text not null check (email = lower(email)),
    full_name text not null default '',
    role text not null check (role in ('owner', 'admin', 'manager', 'sales', 'analyst', 'read_only')),
    permissions jsonb not null default '[]',
    password_hash text,
    status text not null default 'active' check (status in ('invited', 'active', 'disabled')),
    last_sign_in_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, email)
);

create table app.api_tokens (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null,
    secret_hash bytea not null,
    scopes text[] not null,
    created_by uuid,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, created_by) references app.users (tenant_id, id) on delete set null (created_by)
);

create table app.application_data (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    app_name text not null check (app_name <> ''),
    data jsonb not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.companies (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null,
    domain text,
    industry text,
    employee_count integer check (employee_count >= 0),
    country text,
    city text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.contacts (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    company_id uuid,
    email text,
    first_name text,
    last_name text,
    phone text,
    job_title text,
    language text,
    lifecycle_stage text not null default 'lead',
    has_marketing_consent boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, company_id) references app.companies (tenant_id, id) on delete set null (company_id)
);

create table app.pipelines (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null,
    is_default boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.stages (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    pipeline_id uuid not null,
    name text not null,
    position smallint not null,
    probability double precision not null check (probability between 0 and 1),
    is_won boolean not null default false,
    is_lost boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, pipeline_id) references app.pipelines (tenant_id, id) on delete cascade,
    unique (tenant_id, pipeline_id, position)
);

create table app.campaigns (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null,
    channel text not null,
    utm_campaign text,
    status text not null default 'active',
    budget_cents bigint check (budget_cents >= 0),
    currency text not null check (length(currency) = 3),
    starts_on date,
    ends_on date,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.campaign_spend (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    campaign_id uuid not null,
    spend_date date not null,
    amount_cents bigint not null,
    currency text not null check (length(currency) = 3),
    impressions bigint,
    clicks bigint,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, campaign_id) references app.campaigns (tenant_id, id) on delete cascade,
    unique (tenant_id, campaign_id, spend_date)
);

create table app.leads (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    contact_id uuid,
    company_id uuid,
    campaign_id uuid,
    anonymous_id text,
    email text,
    full_name text,
    company_name text,
    job_title text,
    message text,
    source text,
    landing_page text,
    country text,
    language text,
    industry text,
    employee_count integer,
    status text not null default 'new' check (status in ('new', 'contacted', 'qualified', 'won', 'lost')),
    has_marketing_consent boolean not null default false,
    value_cents bigint,
    currency text check (length(currency) = 3),
    contacted_at timestamptz,
    qualified_at timestamptz,
    won_at timestamptz,
    lost_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete set null (contact_id),
    foreign key (tenant_id, company_id) references app.companies (tenant_id, id) on delete set null (company_id),
    foreign key (tenant_id, campaign_id) references app.campaigns (tenant_id, id) on delete set null (campaign_id)
);
create index leads_tenant_created on app.leads (tenant_id, created_at desc);
create index leads_tenant_anonymous on app.leads (tenant_id, anonymous_id);

create table app.deals (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    pipeline_id uuid not null,
    stage_id uuid not null,
    lead_id uuid,
    contact_id uuid,
    company_id uuid,
    name text not null,
    amount_cents bigint,
    currency text check (length(currency) = 3),
    status text not null default 'open' check (status in ('open', 'won', 'lost')),
    expected_close_date date,
    closed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, pipeline_id) references app.pipelines (tenant_id, id),
    foreign key (tenant_id, stage_id) references app.stages (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete set null (lead_id),
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete set null (contact_id),
    foreign key (tenant_id, company_id) references app.companies (tenant_id, id) on delete set null (company_id)
);

create table app.activities (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    kind text not null check (kind in ('call', 'email', 'meeting', 'note', 'task')),
    lead_id uuid,
    contact_id uuid,
    deal_id uuid,
    subject text,
    body text,
    outcome text,
    duration_seconds integer check (duration_seconds >= 0),
    occurred_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade,
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete cascade,
    foreign key (tenant_id, deal_id) references app.deals (tenant_id, id) on delete cascade
);
create index activities_tenant_lead on app.activities (tenant_id, lead_id, occurred_at);

create table app.touchpoints (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    anonymous_id text,
    lead_id uuid,
    contact_id uuid,
    campaign_id uuid,
    kind text not null check (kind in ('view', 'click', 'visit', 'email_open', 'email_click', 'form', 'call', 'meeting')),
    channel text not null,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    utm_content text,
    utm_term text,
    landing_page text,
    referrer text,
    device text,
    occurred_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete set null (lead_id),
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete set null (contact_id),
    foreign key (tenant_id, campaign_id) references app.campaigns (tenant_id, id) on delete set null (campaign_id),
    check (anonymous_id is not null or lead_id is not null or contact_id is not null)
);
create index touchpoints_tenant_person on app.touchpoints (tenant_id, anonymous_id, occurred_at);

create table app.identities (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    anonymous_id text,
    lead_id uuid,
    contact_id uuid,
    kind text not null check (kind in ('cookie', 'email', 'phone', 'login')),
    value text not null,
    first_seen_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade,
    foreign key (tenant_id, contact_id) references app.contacts (tenant_id, id) on delete cascade
);
create index identities_tenant_value on app.identities (tenant_id, kind, value);

create table app.experiments (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null,
    hypothesis text,
    status text not null default 'draft' check (status in ('draft', 'running', 'stopped')),
    variants jsonb not null default '[]',
    primary_metric text not null,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.connections (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    vendor text not null check (vendor in ('hubspot', 'stripe', 'kit', 'openai')),
    credential_sealed bytea not null,
    is_sandbox boolean not null default false,
    status text not null default 'unchecked' check (status in ('unchecked', 'working', 'refused', 'failing')),
    status_detail text,
    checked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, vendor)
);

create table app.outbox (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    aggregate_type text not null,
    aggregate_id uuid not null,
    event_type text not null,
    schema_version smallint not null default 1,
    payload jsonb not null,
    trace_id text,
    occurred_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.audit_log (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    actor_kind text not null check (actor_kind in ('user', 'token', 'system')),
    actor_id text not null,
    action text not null,
    entity_type text,
    entity_id text,
    details jsonb not null default '{}',
    request_id text,
    occurred_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index audit_log_tenant_time on app.audit_log (tenant_id, occurred_at desc);

-- Change stamps and tombstones on everything that the pull copies.
do $$
declare
    entity text;
begin
    foreach entity in array array[
        'tenants', 'application_data', 'companies', 'contacts', 'pipelines', 'stages', 'campaigns', 'campaign_spend',
        'leads', 'deals', 'activities', 'touchpoints', 'identities', 'experiments'
    ] loop
        execute format('alter table app.%I add column changed_xid xid8 not null default pg_current_xact_id()', entity);
        execute format('create index %I on app.%I (tenant_id, changed_xid)', entity || '_tenant_xid', entity);
        execute format(
            'create trigger stamp_row before insert or update on app.%I for each row execute function app.stamp_row()',
            entity
        );
        execute format(
            'create trigger bury_row after delete on app.%I for each row execute function app.bury_row()', entity
        );
    end loop;
end
$$;

-- Row-level security, enabled and forced, with one permissive policy for all ordinary roles.
do $$
declare
    relation regclass;
begin
    for relation in select oid::regclass from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' loop
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

-- The list of tenants is what schedules and the command line walk over; nothing else is open to this role.
create policy all_tenants_list on app.tenants for select to tekup_all_tenants using (true);

-- Signing in begins without a tenant: one function, owned by a role that may do nothing else, finds the user.
create policy sign_in_lookup on app.users for select to tekup_sign_in using (true);
create policy sign_in_lookup on app.tenants for select to tekup_sign_in using (true);
create function app.find_sign_in(wanted_email text)
returns table (tenant_id uuid, tenant_name text, user_id uuid, role text, password_hash text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select u.tenant_id, t.name, u.id, u.role, u.password_hash
    from app.users as u
    inner join app.tenants as t on t.tenant_id = u.tenant_id
    where u.email = lower(wanted_email) and u.status = 'active' and t.status = 'active'
    order by u.created_at, u.id
$$;
revoke all on function app.find_sign_in(text) from public;
grant execute on function app.find_sign_in(text) to tekup_app;

grant usage on schema app to tekup_pipeline, tekup_app, tekup_reader, tekup_all_tenants, tekup_sign_in;
grant select on app.tenants to tekup_all_tenants, tekup_sign_in;
grant select on app.users to tekup_sign_in;
-- A function's new owner must be able to create in its schema at that moment only.
grant create on schema app to tekup_sign_in;
alter function app.find_sign_in(text) owner to tekup_sign_in;
revoke create on schema app from tekup_sign_in;

grant select, insert, update, delete on all tables in schema app to tekup_app;
revoke update, delete on app.audit_log, app.tombstones, app.outbox from tekup_app;
revoke insert, delete on app.tenants from tekup_app;
grant select on
    app.tenants, app.application_data, app.companies, app.contacts, app.pipelines, app.stages, app.campaigns,
    app.campaign_spend, app.leads, app.deals, app.activities, app.touchpoints, app.identities, app.experiments,
    app.tombstones, app.connections
to tekup_pipeline;
grant update (status, status_detail, checked_at, updated_at) on app.connections to tekup_pipeline;
grant insert on app.audit_log to tekup_pipeline;
