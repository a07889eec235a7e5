-- Analysts log in with roles of their own, tekup_analyst_<tenant>_<name>, which read marts and masked views and nothing else.
-- Which tenant they see is in the name of the role that logged in, which no session can change: variables bind them nowhere.

grant create on schema ops to tekup_masked;
set role tekup_masked;
grant usage on schema masked to tekup_analyst;

-- As before, and for analysts too.
create or replace function ops.mask_relation(relation regclass) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    view_name name := (select relname from pg_class where oid = relation);
    columns text := (
        select string_agg(
            case ops.privacy_of(relation, a.attname)
                when 'gone' then format('null::%s as %I', format_type(a.atttypid, a.atttypmod), a.attname)
                when 'cookie' then format(
                    'left(encode(sha256(convert_to(tenant_id::text || %1$I, ''UTF8'')), ''hex''), 32) as %1$I', a.attname
                )
                when 'person' then format(
                    'case when %1$I like ''anon:%%'' then ''anon:'' || left(encode(sha256(convert_to('
                    'tenant_id::text || substr(%1$I, 6), ''UTF8'')), ''hex''), 32) else %1$I end as %1$I', a.attname
                )
                else quote_ident(a.attname)
            end, ', ' order by a.attnum
        )
        from pg_attribute as a
        where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
    );
begin
    execute format('drop view if exists masked.%I', view_name);
    execute format('create view masked.%I as select %s from %s', view_name, columns, relation);
    execute format('grant select on masked.%I to tekup_reader, tekup_app, tekup_analyst', view_name);
end
$$;
reset role;
revoke create on schema ops from tekup_masked;

create or replace function ops.shield_people(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    open_columns text;
    has_people boolean;
begin
    select
        string_agg(quote_ident(a.attname), ', ') filter (where ops.privacy_of(relation, a.attname) <> 'gone'),
        bool_or(ops.privacy_of(relation, a.attname) <> '')
    into open_columns, has_people
    from pg_attribute as a
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped;
    if not has_people then
        return;
    end if;
    execute format('revoke select on %s from tekup_masked', relation);
    execute format('grant select (%s) on %s to tekup_masked', open_columns, relation);
    if not exists (select from pg_policy where polrelid = relation and polname = 'people_by_permission') then
        execute format(
            'create policy people_by_permission on %s as restrictive for select to tekup_reader, tekup_app '
            'using ((select current_setting(''app.tenant_id'')::uuid is not null '
            'and string_to_array(current_setting(''app.permissions'', true), '' '') '
            '&& array[''persons:read'', ''leads:write'', ''*'']))',
            relation
        );
        execute format(
            'create policy tenant_isolation_without_people on %s for select to tekup_masked '
            'using (tenant_id = (select current_setting(''app.tenant_id'')::uuid))',
            relation
        );
    end if;
    if not exists (select from pg_policy where polrelid = relation and polname = 'analysts_by_login') then
        -- a masked view is read with its owner's rights: an analyst's own policy does not bind there
        execute format(
            'create policy analysts_by_login on %s as restrictive for select to tekup_masked using (tenant_id = (select case '
            'when starts_with(session_user::text, ''tekup_analyst_'') then substr(session_user::text, 15, 32)::uuid '
            'else current_setting(''app.tenant_id'')::uuid end))',
            relation
        );
    end if;
    perform ops.mask_relation(relation);
end
$$;

-- An analyst's rows of one mart: his tenant's, and where it shows people only to members of tekup_analyst_people.
create function ops.admit_analysts(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    has_people boolean := exists (
        select from pg_policy where polrelid = relation and polname = 'people_by_permission'
    );
    condition text := case
        when has_people then ' and (select pg_has_role(session_user, ''tekup_analyst_people'', ''member''))' else ''
    end;
    standing text := (
        select pg_get_expr(polqual, polrelid) from pg_policy where polrelid = relation and polname = 'analyst_isolation'
    );
begin
    if standing is not null then
        if (strpos(standing, 'pg_has_role') > 0) = has_people then
            return;
        end if;
        -- a mart that was given personal columns since
        execute format('drop policy analyst_isolation on %s', relation);
    end if;
    execute format(
        'create policy analyst_isolation on %s for select to tekup_analyst '
        'using (tenant_id = (select substr(session_user::text, 15, 32)::uuid)%s)',
        relation, condition
    );
end
$$;
revoke all on function ops.admit_analysts(regclass) from public;
grant execute on function ops.admit_analysts(regclass) to tekup_all_tenants;

-- As before, and with analysts.
create or replace function ops.secure_relation(relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    kind "char" := (select c.relkind from pg_class as c where c.oid = relation);
    has_tenant boolean := exists (
        select from pg_attribute as a where a.attrelid = relation and a.attname = 'tenant_id' and not a.attisdropped
    );
    is_mart boolean := exists (
        select from pg_class as c
        where c.oid = relation and c.relnamespace = to_regnamespace('marts')::oid and c.relname !~ '__new$'
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
    if has_tenant and is_mart then
        perform ops.shield_people(relation);
        perform ops.admit_analysts(relation);
    end if;
end
$$;


-- Whose views are masked already.
select ops.shield_people('ops.check_failure');
select ops.shield_people('ops.mart_hold');

alter table ops.audit_log drop constraint audit_log_actor_kind_check;
alter table ops.audit_log add constraint audit_log_actor_kind_check
check (actor_kind in ('user', 'token', 'system', 'analyst', 'anonymous'));
