-- Forms: what web pages may send in, with the texts of consent, and each submission.

create table app.forms (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    name text not null check (name <> ''),
    public_key text not null,
    is_enabled boolean not null default true,
    fields jsonb not null,
    consents jsonb not null default '[]',
    consent_version integer not null default 1,
    origins text[] not null default '{}',
    source text,
    campaign_id uuid,
    thanks text,
    redirect_url text,
    min_seconds integer not null default 3,
    work_bits integer not null default 12,
    most_an_hour integer not null default 20,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, name),
    unique (tenant_id, public_key),
    foreign key (tenant_id, campaign_id) references app.campaigns (tenant_id, id) on delete set null (campaign_id)
);
create index forms_tenant_campaign on app.forms (tenant_id, campaign_id);

-- One submission; its consents hold the very texts that stood on the form, and when they were given.
create table app.form_submissions (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    form_id uuid not null,
    verdict text not null check (verdict in ('accepted', 'spam', 'held')),
    reason text,
    challenge text not null,
    lead_id uuid,
    touchpoint_id uuid,
    answers jsonb not null default '{}',
    consent_version integer,
    consents jsonb not null default '[]',
    consented_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id),
    unique (tenant_id, challenge),
    foreign key (tenant_id, form_id) references app.forms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, lead_id) references app.leads (tenant_id, id) on delete cascade
);
create index form_submissions_tenant_form on app.form_submissions (tenant_id, form_id, created_at);
create index form_submissions_tenant_created on app.form_submissions (tenant_id, created_at, id);
create index form_submissions_tenant_lead on app.form_submissions (tenant_id, lead_id);

do $$
declare
    relation regclass;
    command text;
begin
    foreach relation in array array['app.forms'::regclass, 'app.form_submissions'::regclass] loop
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
        perform app.require_permission('app.forms', command, 'forms:write');
    end loop;
    perform app.require_permission('app.form_submissions', 'insert', '*');
    perform app.require_permission('app.form_submissions', 'select', 'persons:read');
end
$$;
grant select, insert, update, delete on app.forms to tekup_app;
grant select, insert on app.form_submissions to tekup_app;
