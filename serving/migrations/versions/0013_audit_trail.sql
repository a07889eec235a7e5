-- The audit trail told whole: what was read, why and from where; append-only; sealed in batches.

alter table app.audit_log drop constraint audit_log_actor_kind_check;
alter table app.audit_log
    add column item_ids uuid[],
    add column item_count integer,
    add column outcome text not null default 'done' check (outcome in ('done', 'refused', 'failed')),
    add column purpose text check (length(purpose) <= 200),
    add column route text,
    add column address text,
    add column trace_id text,
    add column recorded_by text not null default session_user,
    add column xid xid8 not null default pg_current_xact_id(),
    add constraint audit_log_actor_kind_check
    check (actor_kind in ('user', 'token', 'system', 'anonymous')),
    alter column occurred_at set default clock_timestamp();
create index audit_log_tenant_xid on app.audit_log (tenant_id, xid, id);
drop index app.audit_log_tenant_time;
create index audit_log_tenant_time on app.audit_log (tenant_id, occurred_at desc, id desc);

create table app.audit_seal (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
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

create table app.audit_removal (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    through integer not null,
    removed_at timestamptz not null,
    key_id text not null,
    signature bytea not null,
    primary key (tenant_id, through)
);

-- Nobody changes what was written. Entries go with their tenant, and after their time with a signed removal.
create function app.refuse_audit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        if not exists (select from app.tenants where id = old.tenant_id) then
            return old;
        end if;
        if tg_table_name = 'audit_log' and old.xid < (
            select s.horizon from app.audit_seal as s
            where s.tenant_id = old.tenant_id
                and s.number = (select max(r.through) from app.audit_removal as r where r.tenant_id = old.tenant_id)
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
            'create trigger append_only before update or delete on app.%I '
            'for each row execute function app.refuse_audit_change()', relation
        );
        execute format(
            'create trigger append_only_whole before truncate on app.%I '
            'for each statement execute function app.refuse_audit_change()', relation
        );
    end loop;
    foreach relation in array array['audit_seal', 'audit_removal'] loop
        execute format('alter table app.%I enable row level security', relation);
        execute format('alter table app.%I force row level security', relation);
        execute format(
            'create policy tenant_isolation on app.%I to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))', relation
        );
    end loop;
end
$$;

-- When an entry was made, by which role and in which transaction is the database's word, so these can't be inserted.
revoke insert on app.audit_log from tekup_app, tekup_pipeline;
grant insert (
    tenant_id, id, actor_kind, actor_id, action, entity_type, entity_id, item_ids, item_count, outcome, purpose, route,
    address, request_id, trace_id, details
) on app.audit_log to tekup_app, tekup_pipeline;
grant select, insert on app.audit_seal to tekup_app;
grant select on app.audit_removal to tekup_app;
revoke all on function app.refuse_audit_change() from public;
