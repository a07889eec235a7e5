-- Who asks without a tenant gets an error and not an empty answer, also where more than the tenant is asked for: PostgreSQL
-- may ask for a right first, and without one it would not come to the tenant. Each restrictive policy now asks for it itself.

create or replace function app.require_permission(relation regclass, command text, variadic permissions text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    allowed text := format(
        '(select current_setting(''app.tenant_id'')::uuid is not null '
        'and string_to_array(current_setting(''app.permissions'', true), '' '') && %L::text[])', array_append(permissions, '*')
    );
begin
    execute format(
        'create policy %I on %s as restrictive for %s to tekup_app, tekup_reader %s %s',
        'permission_to_' || lower(command), relation, command,
        case when lower(command) <> 'insert' then 'using (' || allowed || ')' end,
        case when lower(command) in ('insert', 'update') then 'with check (' || allowed || ')' end
    );
end
$$;

do $$
declare
    asked record;
begin
    for asked in
        select p.polname, p.polrelid::regclass as relation, pg_get_expr(p.polqual, p.polrelid) as expression
        from pg_policy as p
        inner join pg_class as c on p.polrelid = c.oid
        where c.relnamespace = 'app'::regnamespace and not p.polpermissive and p.polqual is not null
    loop
        execute format(
            'alter policy %I on %s using ((select current_setting(''app.tenant_id'')::uuid is not null) and %s)',
            asked.polname, asked.relation, asked.expression
        );
    end loop;
end
$$;
