-- The audit trail of the warehouse, in the form of the operational one: an entry stands where its data was read.

create table ops.audit_log (
    tenant_id uuid not null,
    id uuid not null,
    actor_kind text not null
    check (actor_kind in ('user', 'token', 'system', 'anonymous')),
    actor_id text not null,
    action text not null,
    entity_type text,
    entity_id text,
    item_ids uuid[],
    item_count integer,
    outcome text not null default 'done' check (outcome in ('done', 'refused', 'failed')),
    purpose text check (length(purpose) <= 200),
    route text,
    address text,
    request_id text,
    trace_id text,
    details jsonb not null default '{}',
    occurred_at timestamptz not null default clock_timestamp(),
    recorded_by text not null default session_user,
    xid xid8 not null default pg_current_xact_id(),
    primary key (tenant_id, id)
);
create index audit_log_tenant_xid on ops.audit_log (tenant_id, xid, id);
create index audit_log_tenant_time on ops.audit_log (tenant_id, occurred_at desc, id desc);

create table ops.audit_seal (
    tenant_id uuid not null,
    number integer not null check (number > 0),
    horizon xid8 not null,
    entry_ids uuid[] not null,
    leaves bytea[] not null check (cardinality(leaves) = cardinality(entry_ids)),
    root bytea not null,
    previous bytea not null,
    sealed_at timestamptz not null,
    last_occurred_at timestamptz not null,
    key_id text not null,
    public_key bytea not null,
    signature bytea not null,
    primary key (tenant_id, number)
);

create table ops.audit_removal (
    tenant_id uuid not null,
    through integer not null,
    removed_at timestamptz not null,
    key_id text not null,
    signature bytea not null,
    primary key (tenant_id, through)
);

-- This database knows no list of tenants: the deletion of a tenant says so in its own transaction. Only the owner has
-- the right to delete here at all.
create function ops.refuse_audit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        if current_setting('app.deleted_tenant', true) = old.tenant_id::text then
            return old;
        end if;
        if tg_table_name = 'audit_log' and old.xid < (
            select s.horizon from ops.audit_seal as s
            where s.tenant_id = old.tenant_id
                and s.number = (select max(r.through) from ops.audit_removal as r where r.tenant_id = old.tenant_id)
        ) then
            return old;
        end if;
    end if;
    raise exception 'the audit trail is append-only' using errcode = 'insufficient_privilege';
end
$$;

do $$
declare
    relation text;
begin
    foreach relation in array array['audit_log', 'audit_seal', 'audit_removal'] loop
        execute format(
            'create trigger append_only before update or delete on ops.%I '
            'for each row execute function ops.refuse_audit_change()', relation
        );
        execute format(
            'create trigger append_only_whole before truncate on ops.%I '
            'for each statement execute function ops.refuse_audit_change()', relation
        );
        execute format('alter table ops.%I enable row level security', relation);
        execute format('alter table ops.%I force row level security', relation);
        execute format(
            'create policy tenant_isolation on ops.%I to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))', relation
        );
    end loop;
end
$$;

grant insert (
    tenant_id, id, actor_kind, actor_id, action, entity_type, entity_id, item_ids, item_count, outcome, purpose, route,
    address, request_id, trace_id, details
) on ops.audit_log to tekup_app, tekup_pipeline;
grant select on ops.audit_log to tekup_app;
grant select, insert on ops.audit_seal to tekup_app;
grant select on ops.audit_removal to tekup_app;
revoke all on function ops.refuse_audit_change() from public;
