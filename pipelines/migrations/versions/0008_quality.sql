-- What checks found, tenant by tenant: failing rows that are kept, volumes by day, and quality by day.

-- A check that is blocking holds its tenant: models go on with that tenant's last good extract until it passes.
alter table ops.check_result
add column boundary text not null default 'marts' check (boundary in ('raw', 'marts', 'models')),
add column dimension text not null default 'consistency'
check (dimension in ('completeness', 'freshness', 'volume', 'distribution', 'validity', 'uniqueness', 'consistency')),
add column asset text,
add column is_blocking boolean not null default false,
add column failed_row_count bigint not null default 0,
add column failing_since timestamptz;

-- Rows that break a check, some of each: for a person to look at.
create table ops.check_failure (
    tenant_id uuid not null,
    check_name text not null,
    row_number integer not null,
    failed_row jsonb not null,
    found_at timestamptz not null default now(),
    primary key (tenant_id, check_name, row_number)
);
-- Rows that each stream's pulls changed on a day (UTC). Kept longer than the record of pulls, for days to be compared.
create table ops.volume_daily (
    tenant_id uuid not null,
    vendor text not null,
    stream text not null,
    volume_date date not null,
    changed_count bigint not null,
    primary key (tenant_id, vendor, stream, volume_date)
);
-- How a tenant's checks stood when a day (UTC) ended, or stand now. An error weighs 3, a warning 1.
create table ops.quality_daily (
    tenant_id uuid not null,
    quality_date date not null,
    dimension text not null,
    check_count integer not null,
    failed_count integer not null,
    blocking_failed_count integer not null,
    weight_total integer not null,
    weight_passed integer not null,
    checked_at timestamptz not null default now(),
    primary key (tenant_id, quality_date, dimension)
);

do $$
declare
    relation regclass;
begin
    foreach relation in array array['ops.check_failure', 'ops.volume_daily', 'ops.quality_daily']::regclass[] loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

grant select, insert, update, delete on ops.check_failure, ops.volume_daily, ops.quality_daily
to tekup_pipeline, tekup_all_tenants;
grant select on ops.check_failure, ops.volume_daily, ops.quality_daily to tekup_reader, tekup_app;
