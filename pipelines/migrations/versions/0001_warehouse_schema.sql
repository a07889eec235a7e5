-- The warehouse's own tables: raw copies, the record of each sync, and what models produce. dbt builds the rest.

create schema ops;
create schema raw_hubspot;
create schema raw_stripe;
create schema raw_kit;
create schema raw_operational;
create schema ml;

-- Secures one relation: rows under forced row-level security, views with their reader's rights, nothing else.
create function ops.secure_relation(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    kind "char" := (select c.relkind from pg_class as c where c.oid = relation);
    has_tenant boolean := exists (
        select from pg_attribute as a where a.attrelid = relation and a.attname = 'tenant_id' and not a.attisdropped
    );
begin
    if kind = 'm' then
        raise exception 'materialized view % refused: it can not carry row-level security', relation;
    end if;
    if kind = 'v' then
        execute format('alter view %s set (security_invoker = true, security_barrier = true)', relation);
        return;
    end if;
    if kind not in ('r', 'p') then
        return;
    end if;
    execute format('alter table %s enable row level security', relation);
    execute format('alter table %s force row level security', relation);
    if not exists (select from pg_policy where polrelid = relation and polname = 'all_tenants_build') then
        execute format(
            'create policy all_tenants_build on %s to tekup_all_tenants using (true) with check (true)', relation
        );
    end if;
    if has_tenant and not exists (select from pg_policy where polrelid = relation and polname = 'tenant_isolation') then
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
    end if;
end
$$;
revoke all on function ops.secure_relation(regclass) from public;
grant execute on function ops.secure_relation(regclass) to tekup_all_tenants, tekup_pipeline;

-- A vendor's stream: the payload as it came, keyed by the vendor's own id.
do $$
declare
    stream text;
begin
    foreach stream in array array[
        'raw_hubspot.contacts', 'raw_hubspot.companies', 'raw_hubspot.deals', 'raw_hubspot.deal_contacts',
        'raw_hubspot.deal_companies', 'raw_hubspot.contact_companies', 'raw_hubspot.pipelines', 'raw_hubspot.owners',
        'raw_stripe.customers', 'raw_stripe.products', 'raw_stripe.prices', 'raw_stripe.subscriptions',
        'raw_stripe.invoices', 'raw_stripe.charges', 'raw_stripe.refunds',
        'raw_kit.subscribers', 'raw_kit.tags', 'raw_kit.tag_subscribers', 'raw_kit.broadcasts'
    ] loop
        execute format(
            'create table %s ('
            'tenant_id uuid not null, object_id text not null, payload jsonb not null, payload_hash bytea not null, '
            'source_modified_at timestamptz, deleted_at timestamptz, '
            'first_seen_at timestamptz not null default now(), synced_at timestamptz not null default now(), '
            'run_id uuid not null, primary key (tenant_id, object_id))',
            stream
        );
    end loop;
end
$$;

-- Copies of the operational tables, column by column, with the source's change stamp and a mark of deletion.
create table raw_operational.tenants (
    tenant_id uuid not null, id uuid not null, name text, domain text, settings jsonb, status text,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.application_data (
    tenant_id uuid not null, id uuid not null, app_name text, data jsonb,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.companies (
    tenant_id uuid not null, id uuid not null, name text, domain text, industry text, employee_count integer,
    country text, city text, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.contacts (
    tenant_id uuid not null, id uuid not null, company_id uuid, email text, first_name text, last_name text, phone text,
    job_title text, language text, lifecycle_stage text, has_marketing_consent boolean,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.pipelines (
    tenant_id uuid not null, id uuid not null, name text, is_default boolean,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.stages (
    tenant_id uuid not null, id uuid not null, pipeline_id uuid, name text, position smallint,
    probability double precision, is_won boolean, is_lost boolean, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.campaigns (
    tenant_id uuid not null, id uuid not null, name text, channel text, utm_campaign text, status text,
    budget_cents bigint, currency text, starts_on date, ends_on date, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.campaign_spend (
    tenant_id uuid not null, id uuid not null, campaign_id uuid, spend_date date, amount_cents bigint, currency text,
    impressions bigint, clicks bigint, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.leads (
    tenant_id uuid not null, id uuid not null, contact_id uuid, company_id uuid, campaign_id uuid, anonymous_id text,
    email text, full_name text, company_name text, job_title text, message text, source text, landing_page text,
    country text, language text, industry text, employee_count integer, status text, has_marketing_consent boolean,
    value_cents bigint, currency text, contacted_at timestamptz, qualified_at timestamptz, won_at timestamptz,
    lost_at timestamptz, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.deals (
    tenant_id uuid not null, id uuid not null, pipeline_id uuid, stage_id uuid, lead_id uuid, contact_id uuid,
    company_id uuid, name text, amount_cents bigint, currency text, status text, expected_close_date date,
    closed_at timestamptz, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.activities (
    tenant_id uuid not null, id uuid not null, kind text, lead_id uuid, contact_id uuid, deal_id uuid, subject text,
    body text, outcome text, duration_seconds integer, occurred_at timestamptz,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.touchpoints (
    tenant_id uuid not null, id uuid not null, anonymous_id text, lead_id uuid, contact_id uuid, campaign_id uuid,
    kind text, channel text, utm_source text, utm_medium text, utm_campaign text, utm_content text, utm_term text,
    landing_page text, referrer text, device text, occurred_at timestamptz,
    created_at timestamptz, updated_at timestamptz
);
create table raw_operational.identities (
    tenant_id uuid not null, id uuid not null, anonymous_id text, lead_id uuid, contact_id uuid, kind text, value text,
    first_seen_at timestamptz, created_at timestamptz, updated_at timestamptz
);
create table raw_operational.experiments (
    tenant_id uuid not null, id uuid not null, name text, hypothesis text, status text, variants jsonb,
    primary_metric text, starts_at timestamptz, ends_at timestamptz, created_at timestamptz, updated_at timestamptz
);
do $$
declare
    entity name;
begin
    for entity in select relname from pg_class where relnamespace = 'raw_operational'::regnamespace and relkind = 'r' loop
        execute format(
            'alter table raw_operational.%I add primary key (tenant_id, id), '
            'add column changed_xid xid8 not null, add column deleted_at timestamptz, '
            'add column synced_at timestamptz not null default now()',
            entity
        );
    end loop;
end
$$;

-- Where each stream stands. `revision` grows by one with every chunk that changed a row.
create table ops.sync_cursor (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    cursor jsonb not null,
    revision bigint not null default 0,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, vendor, stream)
);
create table ops.sync_run (
    tenant_id uuid not null,
    run_id uuid not null,
    vendor text not null,
    status text not null check (status in ('running', 'succeeded', 'failed')),
    error text,
    hint text,
    rows_read bigint not null default 0,
    rows_changed bigint not null default 0,
    requests bigint not null default 0,
    retries bigint not null default 0,
    throttled_ms bigint not null default 0,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (tenant_id, run_id)
);
create index sync_run_tenant_vendor on ops.sync_run (tenant_id, vendor, started_at desc);
create table ops.sync_chunk (
    tenant_id uuid not null,
    run_id uuid not null,
    vendor text not null,
    stream text not null,
    chunk integer not null,
    rows_read integer not null,
    rows_changed integer not null,
    committed_at timestamptz not null default now(),
    primary key (tenant_id, run_id, stream, chunk)
);
create table ops.check_result (
    tenant_id uuid not null,
    check_name text not null,
    is_passed boolean not null,
    severity text not null check (severity in ('warn', 'error')),
    observed text,
    expected text,
    checked_at timestamptz not null default now(),
    primary key (tenant_id, check_name)
);
-- Not a tenant's: what each stage of the whole last built from.
create table ops.stage_state (
    stage text primary key,
    fingerprint text not null,
    detail jsonb not null default '{}',
    finished_at timestamptz not null default now()
);

create table ml.lead_score (
    tenant_id uuid not null,
    lead_id uuid not null,
    model_version text not null,
    probability double precision not null check (probability between 0 and 1),
    grade text not null check (grade in ('A', 'B', 'C', 'D', 'E')),
    reasons jsonb not null,
    scored_at timestamptz not null default now(),
    primary key (tenant_id, lead_id)
);
create index lead_score_tenant_probability on ml.lead_score (tenant_id, probability desc);
create table ml.lead_score_history (
    tenant_id uuid not null,
    lead_id uuid not null,
    scored_at timestamptz not null,
    model_version text not null,
    probability double precision not null,
    grade text not null,
    primary key (tenant_id, lead_id, scored_at)
);
create table ml.model_quality (
    tenant_id uuid not null,
    model_version text not null,
    metric text not null,
    value double precision,
    baseline double precision,
    lead_count bigint not null,
    measured_at timestamptz not null default now(),
    primary key (tenant_id, model_version, metric)
);
-- Not a tenant's: the versions of the pooled model. It holds no row of any tenant.
create table ml.model_version (
    model_version text primary key,
    kind text not null,
    is_live boolean not null default false,
    metrics jsonb not null default '{}',
    trained_at timestamptz not null default now()
);
create table ml.attribution_credit (
    tenant_id uuid not null,
    model text not null,
    channel text not null,
    conversions double precision not null,
    conversions_low double precision,
    conversions_high double precision,
    value_cents bigint not null,
    currency text not null,
    lookback_days integer not null,
    computed_at timestamptz not null default now(),
    primary key (tenant_id, model, channel, currency)
);

do $$
declare
    relation regclass;
begin
    for relation in
        select c.oid::regclass
        from pg_class as c
        where c.relkind = 'r'
          and c.relnamespace in (
            select n.oid from pg_namespace as n
            where n.nspname in ('raw_hubspot', 'raw_stripe', 'raw_kit', 'raw_operational', 'ops', 'ml')
          )
          and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id')
    loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

grant usage on schema raw_hubspot, raw_stripe, raw_kit, raw_operational, ops, ml to tekup_pipeline, tekup_all_tenants;
grant select, insert, update, delete
on all tables in schema raw_hubspot, raw_stripe, raw_kit, raw_operational, ops, ml
to tekup_pipeline, tekup_all_tenants;
grant usage on schema ml, ops to tekup_reader, tekup_app;
grant select on ml.lead_score, ml.lead_score_history, ml.model_quality, ml.attribution_credit, ml.model_version
to tekup_reader, tekup_app;
grant select on ops.sync_cursor, ops.sync_run, ops.check_result to tekup_reader, tekup_app;
