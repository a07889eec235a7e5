{#-
  What a model says about its deltas: which keys changed, and that only those are wanted. How the rows are written is the
  materialization's affair (macros/materializations/tenant_table.sql); docs/data/writing-marts.md tells it by example.
-#}

{#- Whether this build takes only the changed keys. A model asks at many places; the server is asked once. -#}
{% macro is_delta() %}
    {%- if 'is_delta' not in model -%}
        {%- do model.update({'is_delta': can_be_delta()}) -%}
    {%- endif -%}
    {{ return(model['is_delta']) }}
{% endmacro %}

{#- Whether the table is there, and its code and what it reads still are what they were when it was built. -#}
{% macro can_be_delta() %}
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
  only spares the scan of what is certainly older. Of a table, the columns of its `change_log`: a row with `change` -1 for
  what was and one with 1 for what is. With `columns`, only the rows in which these columns of the log differ, before and
  after. They are compared within each build of the table alone: a build's changes may be read twice, and what one
  build changed and the next changed back would cancel out.
-#}
{% macro changes(relation, columns=none) -%}
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
    {%- elif columns -%}
        (
            select {{ columns | join(', ') }}
            from {{ tenant_table__logged_changes(relation) }} as logged
            group by {{ columns | join(', ') }}, logged_at
            having sum(change) <> 0
        )
    {%- else -%}
        {{ tenant_table__logged_changes(relation) }}
    {%- endif -%}
{%- endmacro %}

{#- Tenants that came, went or changed their settings since this model's last build, as a subquery. -#}
{% macro changed_tenants() -%}
    {{ tenant_table__logged_changes(ref('dim_tenant')) }}
{%- endmacro %}

{#- Whether a row was written after a table's last build began to read: of a staging view, by `row_xid`. -#}
{% macro is_written_since_build_of(table, row_xid='row_xid') -%}
    ops.is_written_since(
        {{ row_xid }}, (select pg_snapshot_xmin(built.seen) from ops.mart_build as built where built.model = '{{ table }}')
    )
{%- endmacro %}

{#-
  The plainest keys: those that the changed rows of inputs carry under the key's own names. Of an
  input that `columns` names, only rows in which these columns of its log differ.
-#}
{% macro keys_of_changes(tables, columns={}) -%}
    {%- set key = config.get('meta')['delta_key'] -%}
    {%- for table in tables %}
    select {{ key | join(', ') }}
    from {{ changes(ref(table), key + columns[table] if execute and table in columns else none) }} as changed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
  The keys of a total over all history, which is computed again for the tenants in which any of its inputs changed.
  `ends_today` adds those whose day has turned since the last build, `has_rates` all, where an exchange rate changed.
-#}
{% macro tenants_of_changes(tables, ends_today=false, has_rates=false, columns={}) -%}
    {{ keys_of_changes(tables, columns) }}
    {%- if ends_today %}
    union all
    select tenant.tenant_id
    from {{ ref('dim_tenant') }} as tenant
    inner join ops.mart_build as built on built.model = '{{ this.identifier }}'
    where
        {{ tenant_date('built.built_at', 'tenant.timezone') }} <> {{ tenant_date(as_of(), 'tenant.timezone') }}
    {%- endif %}
    {%- if has_rates %}
    union all
    select tenant_id
    from {{ ref('dim_tenant') }}
    where exists (select from {{ changes(ref('int_exchange_rate_daily')) }} as rate)
    {%- endif %}
{%- endmacro %}
