{#-
  A statement that fails while it computes tells nothing of whose row it was. So the query is then asked once more for each
  tenant by itself, as the role that sees one tenant alone: the database leaves all other rows out wherever the query
  reads, and it is the same query. A tenant for which it fails again is held (hold.sql), and all others' rows are written.

  Asked again is what data can cause: values that can't be cast or calculated, a subquery that finds several rows, a
  value too large. A query that fails for every tenant is at fault itself, and stops its model as any other error does.
-#}
{#- Fills `into` with the rows of the query; a setting of the transaction has the tenants for which that failed. -#}
{% macro compute__fill_sql(into, select_rows) %}
    {%- set caught = 'data_exception or cardinality_violation or program_limit_exceeded' -%}
    do $compute$
    declare
        query constant text := $rows${{ select_rows }}$rows$;
        tenant uuid;
        is_known_of_any boolean := false;
        faults jsonb := '[]';
        fault_code text;
        fault_message text;
    begin
        begin
            execute 'insert into {{ into }} ' || query;
            return;
        exception when {{ caught }} then
            get stacked diagnostics fault_code = returned_sqlstate, fault_message = message_text;
            if not exists (
                select from pg_attribute where attrelid = '{{ into }}'::regclass and attname = 'tenant_id'
            ) then
                raise;
            end if;
        end;
        create temporary table tenant_row (like {{ into }}) on commit drop;
        execute format('grant select, insert on tenant_row to %I', session_user);
        if to_regclass('pg_temp.changed_key') is not null then
            execute format('grant select on changed_key to %I', session_user);
        end if;
        for tenant in select id from raw_operational.tenants order by id loop
            begin
                perform set_config('app.tenant_id', tenant::text, true);
                set local role none;
                execute 'insert into tenant_row ' || query;
                set local role {{ target.role }};
                is_known_of_any := true;
            exception when {{ caught }} then
                -- the role and the tenant are those of before: settings made since the block began are undone with it
                get stacked diagnostics fault_code = returned_sqlstate, fault_message = message_text;
                faults := faults || jsonb_build_object('tenant_id', tenant, 'code', fault_code, 'message', fault_message);
            end;
        end loop;
        perform set_config('app.tenant_id', '', true);
        if not is_known_of_any then
            raise exception '%', fault_message using errcode = fault_code;
        end if;
        insert into {{ into }} select * from tenant_row;
        perform set_config('tekup.compute_faults', faults::text, true);
    end
    $compute$
{% endmacro %}

{#- The tenants for which the query failed. -#}
{% macro compute__faults() -%}
    jsonb_to_recordset(coalesce(nullif(current_setting('tekup.compute_faults', true), ''), '[]')::jsonb)
    as fault (tenant_id uuid, code text, message text)
{%- endmacro %}

{#- The rows by which they are held; a message's quoted values are theirs to see and stand in no log. -#}
{% macro compute__broken_rows() %}
    select
        tenant_id,
        'could not be computed: ' || regexp_replace(message, '"[^"]*"', '…', 'g') as reason,
        jsonb_build_object('tenant_id', tenant_id, 'error', message, 'sqlstate', code) as failed_row
    from {{ compute__faults() }}
{% endmacro %}
