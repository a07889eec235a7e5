-- Events: the outbox becomes a log. Writers put rows in without a position; one sequencer numbers what is committed.

alter table app.outbox rename to events;
alter table app.events drop column updated_at;
alter table app.events alter column schema_version drop default;
-- seq orders the events of one aggregate, since whoever emits holds the aggregate's row; it has gaps, and a lower one
-- may become visible later than a higher one. pos has neither fault: it is dense within a tenant and only grows.
alter table app.events add column seq bigint generated always as identity;
alter table app.events add column pos bigint check (pos > 0);
create unique index events_tenant_pos on app.events (tenant_id, pos);
create index events_tenant_unnumbered on app.events (tenant_id, seq) where pos is null;
create index events_tenant_aggregate on app.events (tenant_id, aggregate_type, aggregate_id, pos);
create index events_tenant_time on app.events (tenant_id, occurred_at);

-- The last position of each tenant.
create table app.event_heads (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    pos bigint not null,
    updated_at timestamptz not null default now(),
    primary key (tenant_id)
);

-- How far each consumer has come with each tenant's events.
create table app.event_cursors (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    consumer text not null check (consumer <> ''),
    pos bigint not null check (pos >= 0),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, consumer)
);

-- What a consumer has done: written in the transaction of the effect, so that an event that comes again does nothing.
create table app.event_inbox (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    consumer text not null,
    event_id uuid not null,
    pos bigint not null,
    done_at timestamptz not null default now(),
    primary key (tenant_id, consumer, event_id),
    foreign key (tenant_id, event_id) references app.events (tenant_id, id) on delete cascade
);
create index event_inbox_event on app.event_inbox (tenant_id, event_id);

-- Events that a consumer could not work with, and those of the same key behind them. The first of a key is tried
-- again with growing pauses; past the last try it is dead and its key waits for a person. Other keys go on.
create table app.event_parked (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    consumer text not null,
    event_id uuid not null,
    pos bigint not null,
    key text not null,
    event_type text not null,
    state text not null default 'waiting' check (state in ('waiting', 'dead')),
    attempts integer not null default 0,
    error text,
    next_try_at timestamptz not null,
    parked_at timestamptz not null default now(),
    primary key (tenant_id, consumer, event_id),
    foreign key (tenant_id, event_id) references app.events (tenant_id, id) on delete cascade
);
create index event_parked_key on app.event_parked (tenant_id, consumer, key, pos);
create index event_parked_event on app.event_parked (tenant_id, event_id);

do $$
declare
    relation text;
begin
    foreach relation in array array['app.event_heads', 'app.event_cursors', 'app.event_inbox', 'app.event_parked'] loop
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

-- A position is the sequencer's to give: whoever emits names the other columns only.
revoke insert on app.events from tekup_app;
grant insert (
    tenant_id, id, aggregate_type, aggregate_id, event_type, schema_version, payload, trace_id, occurred_at
) on app.events to tekup_app, tekup_pipeline;
grant select (tenant_id, id) on app.events to tekup_pipeline;
grant select on app.event_heads to tekup_app;
grant select, insert, update on app.event_cursors to tekup_app;
grant select, insert, delete on app.event_inbox to tekup_app;
grant select, insert, update, delete on app.event_parked to tekup_app;

-- What has to look over all tenants does so in three functions, owned by a role that may see positions and states and
-- no payload.
grant usage on schema app to tekup_events;
grant select (tenant_id, id, seq, pos, occurred_at), update (pos), delete on app.events to tekup_events;
grant select, insert, update on app.event_heads to tekup_events;
grant select on app.event_cursors to tekup_events;
grant select (tenant_id, consumer, event_id, state, next_try_at) on app.event_parked to tekup_events;
grant select (tenant_id, status) on app.tenants to tekup_events;
create policy all_tenants_positions on app.events to tekup_events using (true) with check (true);
create policy all_tenants_heads on app.event_heads to tekup_events using (true) with check (true);
create policy all_tenants_cursors on app.event_cursors for select to tekup_events using (true);
create policy all_tenants_parked on app.event_parked for select to tekup_events using (true);
create policy all_tenants_status on app.tenants for select to tekup_events using (true);

-- Number committed events that have no position: how many, or -1 while another session is at it. Only this function
-- notifies: a NOTIFY in every writer would make their commits wait for each other.
create function app.sequence_events(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    numbered integer;
    tenants text;
begin
    if not pg_try_advisory_xact_lock(7203004) then
        return -1;
    end if;
    with fresh as (
        select tenant_id, id, row_number() over (partition by tenant_id order by seq) as place
        from (select tenant_id, id, seq from app.events where pos is null order by seq limit most) as unnumbered
    ),
    counted as (select tenant_id, count(*) as events from fresh group by tenant_id),
    heads as (
        insert into app.event_heads as head (tenant_id, pos)
        select tenant_id, events from counted
        on conflict (tenant_id) do update set pos = head.pos + excluded.pos, updated_at = now()
        returning head.tenant_id, head.pos
    ),
    done as (
        update app.events as event
        set pos = heads.pos - counted.events + fresh.place
        from fresh
        inner join counted on counted.tenant_id = fresh.tenant_id
        inner join heads on heads.tenant_id = fresh.tenant_id
        where event.tenant_id = fresh.tenant_id and event.id = fresh.id
        returning event.tenant_id
    )
    select count(*), string_agg(distinct tenant_id::text, ',') into numbered, tenants from done;
    if numbered > 0 then
        -- a hint whom to look at; past what a payload can hold it says nothing and everybody looks
        perform pg_notify('tekup_events', case when length(tenants) < 7900 then tenants else '' end);
    end if;
    return numbered;
end
$$;

-- The active tenants for whom a consumer has something to do, in no order, so that no tenant waits behind another.
create function app.tenants_behind(wanted_consumer text, most integer) returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select behind.tenant_id
    from (
        select h.tenant_id
        from app.event_heads as h
        left join app.event_cursors as c on c.tenant_id = h.tenant_id and c.consumer = wanted_consumer
        where h.pos > coalesce(c.pos, 0)
        union
        select p.tenant_id
        from app.event_parked as p
        where p.consumer = wanted_consumer and p.state = 'waiting' and p.next_try_at <= now()
    ) as behind
    inner join app.tenants as t on t.tenant_id = behind.tenant_id
    where t.status = 'active'
    order by random()
    limit most
$$;

-- Delete numbered events older than a time that every consumer has passed and none has parked: how many.
create function app.prune_events(older_than timestamptz, most integer) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    with old as (
        select e.tenant_id, e.id
        from app.events as e
        where e.occurred_at < older_than and e.pos is not null
        and not exists (
            select from app.event_cursors as c where c.tenant_id = e.tenant_id and c.pos < e.pos
        )
        and not exists (
            select from app.event_parked as p where p.tenant_id = e.tenant_id and p.event_id = e.id
        )
        limit most
    ),
    gone as (
        delete from app.events as e using old where e.tenant_id = old.tenant_id and e.id = old.id returning 1
    )
    select count(*)::integer from gone
$$;

revoke all on function app.sequence_events(integer) from public;
revoke all on function app.tenants_behind(text, integer) from public;
revoke all on function app.prune_events(timestamptz, integer) from public;
grant execute on function app.sequence_events(integer) to tekup_app;
grant execute on function app.tenants_behind(text, integer) to tekup_app;
grant execute on function app.prune_events(timestamptz, integer) to tekup_app;
grant create on schema app to tekup_events;
alter function app.sequence_events(integer) owner to tekup_events;
alter function app.tenants_behind(text, integer) owner to tekup_events;
alter function app.prune_events(timestamptz, integer) owner to tekup_events;
revoke create on schema app from tekup_events;

-- Users, tokens, tenants and connections are changed from several programs; the database emits for all of them.
create function app.time_ordered_uuid() returns uuid
language sql volatile set search_path = pg_catalog, pg_temp as $$
    select encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;

-- Arguments: the aggregate's name, the event's types for insert, update and delete ('' for none), then the columns of
-- the payload. An update that touches none of these columns is no event.
create function app.emit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    event_type text := tg_argv[case tg_op when 'INSERT' then 1 when 'UPDATE' then 2 else 3 end];
    changed jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
    before jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) end;
    payload jsonb := jsonb_build_object(tg_argv[0] || '_id', changed -> 'id');
    is_news boolean := tg_op <> 'UPDATE';
begin
    for place in 4 .. tg_nargs - 1 loop
        payload := payload || jsonb_build_object(tg_argv[place], changed -> tg_argv[place]);
        is_news := is_news or (changed -> tg_argv[place]) is distinct from (before -> tg_argv[place]);
    end loop;
    if event_type = '' or not is_news then
        return null;
    end if;
    -- a tenant that is being deleted takes its events along
    if tg_op = 'DELETE' and not exists (select from app.tenants where id = (changed ->> 'tenant_id')::uuid) then
        return null;
    end if;
    insert into app.events (tenant_id, id, aggregate_type, aggregate_id, event_type, schema_version, payload)
    values (
        (changed ->> 'tenant_id')::uuid, app.time_ordered_uuid(), tg_argv[0], (changed ->> 'id')::uuid, event_type, 1,
        payload
    );
    return null;
end
$$;
create trigger emit_change after insert or update or delete on app.users for each row
execute function app.emit_change('user', 'UserCreated', 'UserChanged', 'UserRemoved', 'role', 'status');
create trigger emit_change after insert or update or delete on app.api_tokens for each row
execute function app.emit_change('token', 'TokenCreated', 'TokenChanged', 'TokenRemoved', 'scopes', 'expires_at', 'revoked_at');
create trigger emit_change after insert or update on app.tenants for each row
execute function app.emit_change('tenant', 'TenantCreated', 'TenantChanged', '', 'status', 'settings');
create trigger emit_change after insert or update or delete on app.connections for each row
execute function app.emit_change(
    'connection', 'ConnectionStored', 'ConnectionChanged', 'ConnectionRemoved', 'vendor', 'is_sandbox', 'status'
);
