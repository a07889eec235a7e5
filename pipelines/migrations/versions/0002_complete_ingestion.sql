-- The vendors' further streams, and what proves that a sync is whole.

-- Streams of one vendor object a row: the payload as it came, keyed by the vendor's own id.
do $$
declare
    stream text;
begin
    foreach stream in array array[
        'raw_hubspot.tickets', 'raw_hubspot.products', 'raw_hubspot.line_items', 'raw_hubspot.quotes',
        'raw_hubspot.calls', 'raw_hubspot.emails', 'raw_hubspot.meetings', 'raw_hubspot.notes', 'raw_hubspot.tasks',
        'raw_hubspot.schemas', 'raw_hubspot.custom_objects', 'raw_hubspot.lists', 'raw_hubspot.list_memberships',
        'raw_hubspot.forms', 'raw_hubspot.form_submissions', 'raw_hubspot.properties', 'raw_hubspot.property_history',
        'raw_hubspot.associations', 'raw_hubspot.association_labels',
        'raw_stripe.plans', 'raw_stripe.subscription_items', 'raw_stripe.subscription_schedules',
        'raw_stripe.credit_notes', 'raw_stripe.payment_intents', 'raw_stripe.disputes',
        'raw_stripe.balance_transactions', 'raw_stripe.payouts', 'raw_stripe.coupons', 'raw_stripe.promotion_codes',
        'raw_stripe.discounts', 'raw_stripe.checkout_sessions', 'raw_stripe.tax_ids', 'raw_stripe.events',
        'raw_kit.custom_fields', 'raw_kit.forms', 'raw_kit.form_subscribers', 'raw_kit.sequences',
        'raw_kit.sequence_subscribers', 'raw_kit.segments', 'raw_kit.purchases'
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

-- Why a row is gone. Rows that were deleted before this was kept have no reason.
do $$
declare
    relation regclass;
begin
    for relation in
        select c.oid::regclass from pg_class as c
        where c.relkind = 'r'
          and c.relnamespace in ('raw_hubspot'::regnamespace, 'raw_stripe'::regnamespace, 'raw_kit'::regnamespace)
    loop
        execute format(
            'alter table %s add column delete_reason text '
            'check (delete_reason in (''archived'', ''deleted'', ''merged'', ''erased'', ''vanished''))',
            relation
        );
    end loop;
end
$$;

-- Rows named parent:child are replaced by their parent, which would otherwise scan the table for each chunk.
do $$
declare
    stream text;
begin
    foreach stream in array array[
        'raw_hubspot.deal_contacts', 'raw_hubspot.deal_companies', 'raw_hubspot.contact_companies',
        'raw_hubspot.associations', 'raw_hubspot.property_history', 'raw_hubspot.list_memberships',
        'raw_stripe.subscription_items', 'raw_stripe.discounts', 'raw_stripe.tax_ids',
        'raw_kit.tag_subscribers', 'raw_kit.form_subscribers', 'raw_kit.sequence_subscribers'
    ] loop
        execute format('create index on %s (tenant_id, split_part(object_id, '':'', 1))', stream);
    end loop;
end
$$;

-- The vendor's account that a tenant's rows came from: rows of two accounts, or of test and live mode, never mix.
create table ops.sync_account (
    tenant_id uuid not null,
    vendor text not null,
    identity text not null,
    adopted_at timestamptz not null default now(),
    primary key (tenant_id, vendor)
);
-- What each run did per stream; it commits with the rows.
create table ops.sync_stream_run (
    tenant_id uuid not null,
    run_id uuid not null,
    vendor text not null,
    stream text not null,
    rows_read bigint not null default 0,
    rows_changed bigint not null default 0,
    pages bigint not null default 0,
    requests bigint not null default 0,
    retries bigint not null default 0,
    throttled_ms bigint not null default 0,
    bytes_received bigint not null default 0,
    expected bigint,
    blocked text,
    started_at timestamptz not null,
    finished_at timestamptz,
    primary key (tenant_id, run_id, stream)
);
create index sync_stream_run_latest on ops.sync_stream_run (tenant_id, vendor, stream, started_at desc);
-- Field names that a stream's payloads were seen to have.
create table ops.sync_field (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    field text not null,
    run_id uuid not null,
    first_seen_at timestamptz not null default now(),
    primary key (tenant_id, vendor, stream, field)
);
-- Full reads under way, and what they found wrong so far.
create table ops.sweep (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    missing_count bigint not null default 0,
    stale_count bigint not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    primary key (tenant_id, vendor, stream)
);
-- Object ids that a full read has met so far; emptied when it ends.
create table ops.sweep_seen (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    object_id text not null,
    primary key (tenant_id, vendor, stream, object_id)
);
-- What the last full read found wrong and mended.
create table ops.reconciliation (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    run_id uuid not null,
    missing_count bigint not null,
    stale_count bigint not null,
    vanished_count bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default now(),
    primary key (tenant_id, vendor, stream)
);
-- What the vendor says there is beside what is stored. A probe reads stored objects again and compares their content.
create table ops.completeness (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    run_id uuid not null,
    vendor_count bigint,
    stored_count bigint not null,
    probed_count integer not null default 0,
    differing_count integer not null default 0,
    is_complete boolean not null,
    detail text,
    checked_at timestamptz not null default now(),
    primary key (tenant_id, vendor, stream)
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
            where n.nspname in ('raw_hubspot', 'raw_stripe', 'raw_kit', 'ops')
          )
          and exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id')
    loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

grant select, insert, update, delete
on all tables in schema raw_hubspot, raw_stripe, raw_kit, ops
to tekup_pipeline, tekup_all_tenants;
grant select
on ops.sync_account, ops.sync_stream_run, ops.sync_field, ops.reconciliation, ops.completeness
to tekup_reader, tekup_app;
