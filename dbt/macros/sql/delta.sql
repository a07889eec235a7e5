{#-
  What a model says about its deltas: which keys changed, and that only those are wanted. How the rows are written is the
  materialization's affair (macros/materializations/tenant_table.sql); docs/data/writing-marts.md tells it by example.
-#}

{#- Whether this build takes only the changed keys: the table is there, and its code and what it reads still are what they were. -#}
{% macro is_delta() %}
    {%- if
        not execute
        or model.config.materialized != 'table'
        or flags.WHICH not in ('run', 'build', 'retry')
        or flags.FULL_REFRESH
        or not config.get('meta', {}).get('delta_key')
        or load_cached_relation(this) is none
    -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set lineage = tenant_table__lineage() -%}
    {%- set found = run_query(tenant_table__can_be_delta_sql(lineage)) -%}
    {{ return(found.rows[0][0]) }}
{% endmacro %}

{#-
  Holds the query of the keys to be computed again, at the end of a model; outside of a delta build it is nothing.

  All keys of tenants that came, went or changed their settings are added, and those that held tenants are behind with.
-#}
{% macro changed_keys() %}
    {%- if not execute or is_delta() -%}
        {{ tenant_table__keys_mark() }}
        (
        {{ caller() }}
        union all
        select {{ config.get('meta')['delta_key'] | join(', ') }}
        from {{ this }}
        where tenant_id in (select tenant_id from {{ changed_tenants() }} as tenant)
        union all
        {{ hold__keys_behind() }}
        )
    {%- endif -%}
{% endmacro %}

{#- The condition that leaves only rows of changed keys. `columns` maps a key's column to what it is called here. -#}
{% macro is_changed(alias, columns={}) -%}
    {%- if is_delta() -%}
        exists (
            select
            from changed_key
            where
            {%- for column in config.get('meta')['delta_key'] %}
                {{ 'and ' if not loop.first }}changed_key.{{ column }} = {{ columns.get(column, alias ~ '.' ~ column) }}
            {%- endfor %}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#-
  Rows of an input that were written since this model's last build, as a subquery.

  Of a staging view, its rows as they are now, deleted ones included, and all rows of tenants that changed; the look-back
  only spares the scan of what is certainly older. Of a table, the columns of its `change_log`: a row with `change` -1 for what was and one
  with 1 for what is, so that grouped and summed they cancel out where these columns did not change.
-#}
{% macro changes(relation) -%}
    {%- if relation.schema == 'staging' -%}
        (
            select *
            from {{ relation }}
            where
                synced_at >= (
                    select built_at - interval '{{ var("lookback_hours") }} hours'
                    from ops.mart_build
                    where model = '{{ this.identifier }}'
                )
                and ops.is_written_since(row_xid, {{ tenant_table__last_seen() }})
            union all
            select *
            from {{ relation }}
            where tenant_id in (select tenant_id from {{ changed_tenants() }} as tenant)
        )
    {%- else -%}
        {{ tenant_table__logged_changes(relation) }}
    {%- endif -%}
{%- endmacro %}

{#- Tenants that came, went or changed their settings since this model's last build, as a subquery. -#}
{% macro changed_tenants() -%}
    {{ tenant_table__logged_changes(ref('dim_tenant')) }}
{%- endmacro %}
