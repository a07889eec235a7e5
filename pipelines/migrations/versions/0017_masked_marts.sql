-- A relation with personal columns opens to readers who may see people. For the others there is a view of the same name
-- in schema `masked`: personal columns are null there, and a visitor's cookie is a pseudonym that still counts and joins.

create schema masked authorization tekup_masked;
grant usage on schema ops to tekup_masked;

-- What a column of texts says of people: '' nothing, 'gone' who somebody is, 'cookie' whose browser it is, 'person' the one
-- or the other, where an id of ours is none of both.
create function ops.privacy_of(relation regclass, column_name name) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select case
        when format_type(a.atttypid, null) not in ('text', 'jsonb', 'character varying') then ''
        when a.attname = 'anonymous_id' then 'cookie'
        when a.attname = 'person_id' then 'person'
        when a.attname ~ (
            '(^|_)(e?mail|phone|mobile|first_name|last_name|full_name|cookie|message|body|comment|note|address|birth|cpr|ip'
            '|user_agent|job_title|payload|rejected_value|tax_number|failed_rows?)$'
        ) then 'gone'
        when (c.relname, a.attname) in (('dim_person_identity', 'source_id'), ('fct_email_engagement', 'subject'))
            then 'gone'
        else ''
    end
    from pg_attribute as a
    inner join pg_class as c on a.attrelid = c.oid
    where a.attrelid = relation and a.attname = column_name
$$;
revoke all on function ops.privacy_of(regclass, name) from public;
grant execute on function ops.privacy_of(regclass, name) to tekup_all_tenants, tekup_masked;

-- The view of one relation, made by the role that owns it: bound by the tenant's policy, without a right on what is gone.
create function ops.mask_relation(relation regclass) returns void
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
    execute format('grant select on masked.%I to tekup_reader, tekup_app', view_name);
end
$$;
revoke all on function ops.mask_relation(regclass) from public;
grant create on schema ops to tekup_masked;
alter function ops.mask_relation(regclass) owner to tekup_masked;
revoke create on schema ops from tekup_masked;
set role tekup_masked;
grant execute on function ops.mask_relation(regclass) to tekup_all_tenants, tekup_owner;
grant usage on schema masked to tekup_reader, tekup_app;
reset role;

-- What a relation with personal columns needs; nothing for others. Called by its owner. Without a tenant the policy raises,
-- as the tenant's own does: it would be asked in vain where this one is false.
create function ops.shield_people(relation regclass) returns void
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
    perform ops.mask_relation(relation);
end
$$;
revoke all on function ops.shield_people(regclass) from public;
grant execute on function ops.shield_people(regclass) to tekup_all_tenants;

-- As before, and the shield. A mart that is built beside the old one is shielded when it takes its name.
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
    end if;
end
$$;

select ops.shield_people('ops.check_failure');
select ops.shield_people('ops.mart_hold');
