-- Signing in: sessions with refresh tokens that work once, second factors, a tenant's own roles, links that work once,
-- identity providers. What belongs to no tenant (signing keys, counts of failed sign-ins) stands in its own schema.

create schema sign_in;

-- Seeds of the keys that sign access tokens, sealed; a key is published before it signs and after it has signed.
create table sign_in.signing_key (
    kid text primary key,
    seed_sealed bytea not null,
    made_at timestamptz not null default now(),
    signs_from timestamptz not null,
    retires_at timestamptz
);

-- Sign-ins that failed or are still being checked. The key is an HMAC: neither addresses nor e-mails stand here.
create table sign_in.attempt (
    id uuid not null,
    key bytea not null,
    tried_at timestamptz not null default clock_timestamp(),
    primary key (key, tried_at, id)
);
create index attempt_age on sign_in.attempt (tried_at);

-- Where an e-mail has signed in from before: others' failures elsewhere never shut a person out there.
create table sign_in.known_place (
    key bytea primary key,
    seen_at timestamptz not null default now()
);

-- Takes one try for each key, or none where one of them has had its limit; returns the seconds to wait.
create function sign_in.take(try_id uuid, keys bytea [], limits integer [], window_seconds double precision)
returns double precision language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    since constant timestamptz := clock_timestamp() - make_interval(secs => window_seconds);
    wait double precision := 0;
    free_at timestamptz;
begin
    -- locks in one order, so that two tries that share keys can't wait for each other
    perform pg_advisory_xact_lock(hashtextextended(encode(k, 'hex'), 7203))
    from (select unnest(keys) as k order by 1) as ordered;
    for position in 1 .. cardinality(keys) loop
        select a.tried_at into free_at from sign_in.attempt as a
        where a.key = keys[position] and a.tried_at > since
        order by a.tried_at desc offset limits[position] - 1 limit 1;
        if found then
            wait := greatest(wait, extract(epoch from free_at - since));
        end if;
    end loop;
    if wait = 0 then
        insert into sign_in.attempt (id, key) select try_id, k from unnest(keys) as k;
    end if;
    return wait;
end
$$;
revoke all on function sign_in.take(uuid, bytea [], integer [], double precision) from public;
grant execute on function sign_in.take(uuid, bytea [], integer [], double precision) to tekup_app;

grant usage on schema sign_in to tekup_app;
grant select on sign_in.signing_key to tekup_app;
grant select, insert, delete on sign_in.attempt to tekup_app;
grant select, insert, update, delete on sign_in.known_place to tekup_app;

create table app.sessions (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    user_id uuid not null,
    scopes text [],
    methods text [] not null,
    authenticated_at timestamptz not null default now(),
    address text,
    user_agent text,
    started_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade,
    check ((ended_at is null) = (end_reason is null))
);
create index sessions_user on app.sessions (tenant_id, user_id, started_at desc);

create table app.refresh_tokens (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    session_id uuid not null,
    secret_hash bytea not null,
    issued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, session_id) references app.sessions (tenant_id, id) on delete cascade
);
create index refresh_tokens_session on app.refresh_tokens (tenant_id, session_id);

-- pending_sealed is a secret that its owner has not yet shown to hold; last_counter is the last code's time step.
create table app.totp_factors (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    user_id uuid not null,
    secret_sealed bytea,
    pending_sealed bytea,
    last_counter bigint not null default 0,
    confirmed_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, user_id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade,
    check ((secret_sealed is null) = (confirmed_at is null))
);

create table app.recovery_codes (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    user_id uuid not null,
    code_hash bytea not null,
    created_at timestamptz not null default now(),
    used_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade
);
create index recovery_codes_user on app.recovery_codes (tenant_id, user_id);

create table app.passkeys (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    user_id uuid not null,
    credential_id bytea not null,
    public_key bytea not null,
    sign_count bigint not null,
    name text not null,
    is_backed_up boolean not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz,
    primary key (tenant_id, id),
    unique (tenant_id, credential_id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade
);
create index passkeys_user on app.passkeys (tenant_id, user_id);

-- A step of a sign-in that waits for the next one: proven password, open WebAuthn challenge, trip to a provider.
create table app.sign_in_challenges (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    kind text not null,
    user_id uuid,
    secret_hash bytea not null,
    data_sealed bytea,
    attempts integer not null default 0,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade
);
create index sign_in_challenges_age on app.sign_in_challenges (tenant_id, expires_at);

-- Invitations and password resets: what goes out by mail, stored hashed.
create table app.one_time_links (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    kind text not null check (kind in ('invitation', 'password_reset')),
    user_id uuid not null,
    secret_hash bytea not null,
    made_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade
);
create index one_time_links_user on app.one_time_links (tenant_id, user_id, kind);

create table app.roles (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    name text not null check (
        name ~ '^[a-z][a-z0-9_]{1,39}$'
        and name not in ('owner', 'admin', 'manager', 'sales', 'analyst', 'read_only')
    ),
    description text not null default '',
    scopes text [] not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, name)
);

create table app.identity_providers (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    id uuid not null,
    name text not null,
    issuer text not null,
    client_id text not null,
    client_secret_sealed bytea not null,
    default_role text,
    is_enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table app.external_identities (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    provider_id uuid not null,
    subject text not null,
    user_id uuid not null,
    linked_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    primary key (tenant_id, provider_id, subject),
    foreign key (tenant_id, provider_id) references app.identity_providers (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references app.users (tenant_id, id) on delete cascade
);
create index external_identities_user on app.external_identities (tenant_id, user_id);

-- A client's secret opens the token endpoint alone; a token's secret opens the API itself.
alter table app.api_tokens add column kind text not null default 'token' check (kind in ('token', 'client'));
-- A token never outlives its maker, or it would be judged as one that nobody in the tenant made.
alter table app.api_tokens drop constraint api_tokens_tenant_id_created_by_fkey;
-- Not validated: the old key held, and no policy lets a migration look through all tenants' rows.
alter table app.api_tokens add constraint api_tokens_tenant_id_created_by_fkey foreign key (tenant_id, created_by)
references app.users (tenant_id, id) on delete cascade not valid;

-- A user's role is a built-in one or one of the tenant's own.
alter table app.users drop constraint users_role_check;
create function app.check_role() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.role in ('owner', 'admin', 'manager', 'sales', 'analyst', 'read_only') then
        return new;
    end if;
    perform from app.roles as r where r.tenant_id = new.tenant_id and r.name = new.role for key share;
    if not found then
        raise foreign_key_violation using message = format('no role %L', new.role), constraint = 'users_role';
    end if;
    return new;
end
$$;
create trigger check_role before insert or update of role on app.users
for each row execute function app.check_role();

create function app.keep_used_role() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from app.users as u where u.tenant_id = old.tenant_id and u.role = old.name)
       and exists (select from app.tenants as t where t.id = old.tenant_id) then
        raise foreign_key_violation using message = format('role %L has users', old.name), constraint = 'role_in_use';
    end if;
    return old;
end
$$;
create trigger keep_used_role before delete on app.roles
for each row execute function app.keep_used_role();

-- The last active owner stays one, whoever changes him; only the product's own work deletes him, as an erasure does.
-- The lock makes two owners who remove each other wait for one another.
create function app.keep_last_owner() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.role <> 'owner' or old.status <> 'active' then
        return null;
    end if;
    if tg_op = 'DELETE' and current_setting('app.role', true) = 'system' then
        return null;
    end if;
    if tg_op = 'UPDATE' and new.role = 'owner' and new.status = 'active' then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtextextended(old.tenant_id::text, 7204));
    if not exists (
        select from app.users as u where u.tenant_id = old.tenant_id and u.role = 'owner' and u.status = 'active'
    ) and exists (select from app.tenants as t where t.id = old.tenant_id) then
        raise check_violation using message = 'the last owner stays', constraint = 'last_owner';
    end if;
    return null;
end
$$;
create trigger keep_last_owner after update of role, status or delete on app.users
for each row execute function app.keep_last_owner();

do $$
declare
    relation text;
begin
    foreach relation in array array[
        'app.sessions', 'app.refresh_tokens', 'app.totp_factors', 'app.recovery_codes', 'app.passkeys',
        'app.sign_in_challenges', 'app.one_time_links', 'app.roles', 'app.identity_providers', 'app.external_identities'
    ] loop
        execute format('alter table %s enable row level security', relation);
        execute format('alter table %s force row level security', relation);
        execute format(
            'create policy tenant_isolation on %s to tekup_owner, tekup_pipeline, tekup_app, tekup_reader '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid)) '
            'with check (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
        execute format('grant select, insert, update, delete on %s to tekup_app', relation);
    end loop;
end
$$;

-- What signing in keeps is the product's own business, whoever asks; roles and providers are administered.
do $$
declare
    rule record;
    command text;
begin
    for rule in select * from (values
        ('app.sessions', array['sessions:write'], array['sessions:write']),
        ('app.refresh_tokens', array[]::text[], array[]::text[]),
        ('app.totp_factors', array[]::text[], array[]::text[]),
        ('app.recovery_codes', array[]::text[], array[]::text[]),
        ('app.passkeys', array[]::text[], array[]::text[]),
        ('app.sign_in_challenges', array[]::text[], array[]::text[]),
        ('app.external_identities', array[]::text[], array[]::text[]),
        ('app.one_time_links', array['users:read', 'users:write'], array['users:write']),
        ('app.identity_providers', array['identity_providers:read', 'identity_providers:write'], array['identity_providers:write'])
    ) as listed (relation, reading, writing) loop
        perform app.require_permission(rule.relation::regclass, 'select', variadic rule.reading);
        foreach command in array array['insert', 'update', 'delete'] loop
            perform app.require_permission(rule.relation::regclass, command, variadic rule.writing);
        end loop;
    end loop;
    -- every transaction that changes a user looks his role up
    foreach command in array array['insert', 'update', 'delete'] loop
        perform app.require_permission('app.roles', command, 'roles:write');
    end loop;
end
$$;
