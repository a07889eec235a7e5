-- What dbt's tables were last built from, so that the next build reads only what changed since.

-- Not a tenant's: one row per table of dbt. `seen` is the snapshot that its inputs were read in or after, `replaced_xid`
-- the transaction that last wrote it whole, without a record of which rows changed.
create table ops.mart_build (
    model text primary key,
    code text not null,
    cluster text not null,
    seen pg_snapshot not null,
    replaced_xid xid8 not null,
    built_at timestamptz not null default now()
);
grant select, insert, update, delete on ops.mart_build to tekup_pipeline, tekup_all_tenants;

-- Whether a row was written by transaction `since` or a later one. `row_xid` is the row's xmin: the lower half of the
-- transaction's id, told apart from the same half of another age by being within two thousand million of `since`.
create function ops.is_written_since(row_xid xid, since xid8) returns boolean
language sql immutable strict parallel safe as $$
    select (row_xid::text::bigint - (since::text::bigint & 4294967295) + 6442450944) & 4294967295 >= 2147483648
$$;

-- How late rows become visible: a chunk's transaction begins, and ends just after its record is written.
alter table ops.sync_chunk
add column began_at timestamptz not null default now(),
alter column committed_at set default clock_timestamp();

-- Views lose the barrier that kept joins out of them: it made each join with a staging view read the whole table. The
-- barrier keeps a reader's functions from rows that the VIEW hides; these hide none, the tables under them do.
create or replace function ops.secure_relation(relation regclass) returns void
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
        execute format('alter view %s set (security_invoker = true)', relation);
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
