-- What the API's role may know of HubSpot's objects: that one has changed or is gone, and nothing that it says.

grant usage on schema raw_hubspot to tekup_app;
do $$
declare
    relation text;
begin
    foreach relation in array array['contacts', 'companies', 'deals'] loop
        execute format(
            'grant select (tenant_id, object_id, deleted_at, delete_reason, synced_at) on raw_hubspot.%I to tekup_app', relation
        );
        execute format(
            'create policy marks_for_the_product on raw_hubspot.%I as restrictive for select to tekup_app using '
            '((select current_setting(''app.tenant_id'')::uuid is not null '
            'and string_to_array(current_setting(''app.permissions'', true), '' '') && array[''*'']))', relation
        );
        execute format('create index %I on raw_hubspot.%I (tenant_id, synced_at, object_id)', relation || '_synced', relation);
    end loop;
end
$$;
