{#-
  dbt's own `table`, replaced, so that no model can go around it: guarded before it holds a row, never without its rows,
  written only where something changed.

  A new table gets its policies, grants and contract while it is empty and appears with its rows in one transaction.
  From then on it stays the same table. Its new rows are computed aside; what is gone is deleted, what is new or different
  is written, the rest is not touched. Only a change of columns makes a new table, which takes the old one's place in one
  transaction. A delta build computes only the keys that the model's `changed_keys` names. Tenants whose new rows break
  what the table must hold, or for which the query fails (compute.sql), keep their old ones (hold.sql).

  The model's configuration: a unique index, whose columns are the row's key; in `meta`, `delta_key` (the columns of the
  keys that a delta computes again) and `change_log` (columns that are kept of each row written or deleted, so that
  the tables after this one know what to compute again).
-#}
{% materialization table, adapter='postgres' %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set parts = sql.split(tenant_table__keys_mark()) -%}
    {%- set rows = parts[0] -%}
    {%- set keys = parts[1] if parts | length == 2 else none -%}
    {%- set has_contract = config.get('contract').enforced -%}
    {%- if keys and '__dbt__cte__' in keys -%}
        {{ exceptions.raise_compiler_error('changed_keys of ' ~ this ~ ' reads an ephemeral model, which is not there') }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and not existing.is_table -%}
        {% do tenant_table__run('drop view ' ~ existing ~ ' cascade') %}
        {%- set existing = none -%}
    {%- endif -%}

    {#- Joins on (tenant_id, key) look 1000 times rarer to the planner than they are, since it takes the two for
        independent; it then loops over 50,000 rows 50,000 times (ftr_lead: 155 s instead of 6 s). -#}
    {%- set seen = tenant_table__value(
        "set local work_mem = '96MB'; set local enable_nestloop = off; select pg_current_snapshot()::text"
    ) -%}
    {%- set key_count = tenant_table__find_keys(keys) if keys else none -%}
    {% do tenant_table__shape_rows(rows, has_contract) %}
    {%- set shape = tenant_table__compare_shape(existing) -%}
    {%- set is_replaced = existing is none or shape['difference_count'] > 0 -%}
    {%- set select_rows = get_select_subquery(rows) if has_contract else rows -%}

    {%- if is_replaced and keys -%}
        {{ exceptions.raise_compiler_error('the columns of ' ~ this ~ ' were changed by hand: dbt run --full-refresh') }}
    {%- elif is_replaced -%}
        {% do tenant_table__replace(target, existing, select_rows, shape) %}
    {%- elif key_count != 0 -%}
        {% do tenant_table__apply(target, select_rows, shape, keys is not none) %}
    {%- else -%}
        {% call statement('main') %}select 'nothing changed'{% endcall %}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target, config.get('grants'), should_revoke=not is_replaced) %}
    {% do tenant_table__remember(seen, is_replaced or not shape['has_log']) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#-
  The new table under its own name, or beside the old one until it takes its place. Guards come before rows; constraints
  after, since a held tenant's rows would break them.
-#}
{% macro tenant_table__replace(target, existing, select_rows, shape) %}
    {%- set made = target if existing is none else target.incorporate(path={'identifier': target.identifier ~ '__new'}) -%}
    {% do tenant_table__run(
        'drop table if exists ' ~ made ~ ' cascade;'
        ~ 'create table ' ~ made ~ ' as table pg_temp.row_shape with no data;'
        ~ "select ops.secure_relation('" ~ made ~ "')"
    ) %}
    {% do apply_grants(made, config.get('grants'), should_revoke=false) %}
    {% call statement('main') %}{{ compute__fill_sql(made, select_rows) }}{% endcall %}
    {%- if shape['has_tenant'] and hold__broken_tenants(made, existing, false) and shape['old_columns'] -%}
        {%- set carried = shape['old_columns'] | join(', ') -%}
        {% do tenant_table__run(
            'insert into ' ~ made ~ ' (' ~ carried ~ ') select ' ~ carried ~ ' from ' ~ existing
            ~ " as old where tenant_id in (select tenant_id from ops.mart_hold where model = '" ~ target.identifier ~ "')"
        ) %}
    {%- endif -%}
    {%- if shape['constraints'] -%}
        {% do tenant_table__run('alter table ' ~ made ~ ' ' ~ shape['constraints']) %}
    {%- endif -%}
    {% do create_indexes(made) %}
    {% do tenant_table__run('analyze ' ~ made) %}
    {%- if existing is not none -%}
        {% do tenant_table__run(
            'drop table ' ~ existing ~ ' cascade; alter table ' ~ made ~ ' rename to ' ~ target.identifier
            ~ "; select ops.secure_relation('" ~ target ~ "')"
        ) %}
    {%- endif -%}
    {% do tenant_table__start_change_log(target) %}
{% endmacro %}

{#-
  The difference between the table and its new rows, and nothing else, written into the table. Rows are looked up by the
  table's key, so that the work grows with them and not with the table.
-#}
{% macro tenant_table__apply(target, select_rows, shape, is_delta) %}
    {%- set key = tenant_table__row_key() -%}
    {%- set columns = shape['columns'] -%}
    {%- set kept = columns | reject('in', key) | list -%}
    {%- set logged = config.get('meta', {}).get('change_log', []) -%}
    {% do tenant_table__run(
        'create temporary table new_row on commit drop as table pg_temp.row_shape with no data;'
        ~ compute__fill_sql('new_row', select_rows)
    ) %}
    {%- set has_held = shape['has_tenant'] and hold__broken_tenants('new_row', target, is_delta) -%}
    {%- set found = tenant_table__row('
        analyze new_row (' ~ key | join(', ') ~ ');
        set local enable_nestloop = on;
        set local random_page_cost = 1.1;
        create temporary table written_row on commit drop as
        select new_row.*, old.' ~ key[0] ~ ' is null as is_new_row'
        ~ tenant_table__former('old', logged) ~ '
        from new_row
        left join ' ~ target ~ ' as old on ' ~ tenant_table__equal('old', 'new_row', key) ~ '
        where old.' ~ key[0] ~ ' is null'
        ~ (' or row(' ~ tenant_table__list('old', kept) ~ ') is distinct from row('
            ~ tenant_table__list('new_row', kept) ~ ')' if kept else '') ~ ';
        create temporary table gone_row on commit drop as
        select ' ~ tenant_table__list('old', key) ~ tenant_table__former('old', logged) ~ '
        from ' ~ target ~ ' as old'
        ~ (' inner join changed_key on ' ~ tenant_table__equal('changed_key', 'old', config.get('meta')['delta_key'])
            if is_delta else '')
        ~ ' where ' ~ ('old.tenant_id not in (select tenant_id from broken_row) and ' if has_held else '')
        ~ 'not exists (select from new_row where ' ~ tenant_table__equal('new_row', 'old', key) ~ ');
        select
            (select count(*) from written_row),
            (select count(*) from gone_row),
            (select reltuples::bigint from pg_class where oid = \'' ~ target ~ '\'::regclass)
    ') -%}
    {%- set changed_count = found[0] + found[1] -%}
    {%- if not shape['has_log'] -%}
        {% do tenant_table__start_change_log(target) %}
    {%- elif changed_count and logged -%}
        {% do tenant_table__log_changes(target, logged) %}
    {%- endif -%}
    {%- if found[1] -%}
        {% do tenant_table__run(
            'delete from ' ~ target ~ ' as old using gone_row where ' ~ tenant_table__equal('gone_row', 'old', key)
        ) %}
    {%- endif -%}
    {% call statement('main') %}
        insert into {{ target }} ({{ columns | join(', ') }})
        select {{ columns | join(', ') }}
        from written_row
        on conflict ({{ key | join(', ') }}) do
        {%- if kept %} update set
        {%- for column in kept %} {{ column }} = excluded.{{ column }}{{ ',' if not loop.last }}{% endfor -%}
        {%- else %} nothing{% endif %}
    {% endcall %}
    {%- if changed_count * 10 > found[2] -%}
        {% do tenant_table__run('analyze ' ~ target) %}
    {%- endif -%}
{% endmacro %}

{#- The keys to be computed again, as the temporary table that `is_changed` looks into; how many there are. -#}
{% macro tenant_table__find_keys(keys) %}
    {%- set columns = config.get('meta')['delta_key'] -%}
    {%- set count = tenant_table__value(
        'create temporary table changed_key on commit drop as select distinct ' ~ columns | join(', ')
        ~ ' from ' ~ keys ~ ' as changed where ' ~ columns | join(' is not null and ') ~ ' is not null;'
        ~ 'analyze changed_key; select count(*) from changed_key'
    ) -%}
    {%- if count <= var('few_keys') -%}
        {#- few keys are looked up one by one; scans would make the work grow with the history -#}
        {% do tenant_table__run('set local enable_nestloop = on') %}
    {%- endif -%}
    {{ return(count) }}
{% endmacro %}

{#- The model's rows as an empty temporary table: by its contract, else by its query. -#}
{% macro tenant_table__shape_rows(rows, has_contract) %}
    {%- if has_contract -%}
        {% do get_assert_columns_equivalent(rows) %}
        {% do tenant_table__run(
            'create temporary table row_shape ' ~ get_table_columns_and_constraints() ~ ' on commit drop'
        ) %}
    {%- else -%}
        {% do tenant_table__run(
            'create temporary table row_shape on commit drop as select * from (' ~ rows ~ ') as model_row with no data;'
            ~ 'alter table row_shape alter ' ~ tenant_table__row_key()[0] ~ ' set not null'
        ) %}
    {%- endif -%}
{% endmacro %}

{#-
  The columns of the new rows, how many of them differ in name or type from those of the table, the constraints to add
  once the rows are in, and whether the change log that the model asks for is there. `old_columns` are those that a held
  tenant's rows can be carried over in: none where a column that may not be empty is new.
-#}
{% macro tenant_table__compare_shape(existing) %}
    {%- set shape = "select attname, atttypid, atttypmod, attnotnull from pg_attribute "
        ~ "where attnum > 0 and not attisdropped and attrelid = " -%}
    {%- set old = shape ~ ("'" ~ existing ~ "'::regclass" if existing is not none else "0") -%}
    {%- set new = shape ~ "'pg_temp.row_shape'::regclass" -%}
    {%- set found = tenant_table__row(
        "select (select count(*) from ((" ~ old ~ " except " ~ new ~ ") union all (" ~ new ~ " except " ~ old
        ~ ")) as difference), (select string_agg(quote_ident(attname), ' ' order by attnum) from pg_attribute "
        ~ "where attnum > 0 and attrelid = 'pg_temp.row_shape'::regclass), "
        ~ "(select string_agg(attname, ' ' order by attnum) from pg_attribute "
        ~ "where attnum > 0 and attrelid = to_regclass('" ~ tenant_table__change_log(this) ~ "')), "
        ~ "(select string_agg(rule, ', ') from (select format('alter %I set not null', attname) as rule "
        ~ "from pg_attribute where attnotnull and attnum > 0 and attrelid = 'pg_temp.row_shape'::regclass union all "
        ~ "select format('add constraint %I %s', conname, pg_get_constraintdef(oid)) from pg_constraint "
        ~ "where contype = 'c' and conrelid = 'pg_temp.row_shape'::regclass) as rules), "
        ~ "(select case when bool_and(o.attname is not null or not n.attnotnull) then string_agg("
        ~ "quote_ident(o.attname), ' ') end from (" ~ new ~ ") as n left join (" ~ old
        ~ ") as o on (o.attname, o.atttypid, o.atttypmod) = (n.attname, n.atttypid, n.atttypmod))"
    ) -%}
    {%- set logged = config.get('meta', {}).get('change_log', []) -%}
    {%- set columns = found[1].split(' ') -%}
    {{ return({
        'difference_count': found[0],
        'columns': columns,
        'has_tenant': 'tenant_id' in columns,
        'has_log': not logged or found[2] == (logged + ['change', 'logged_at']) | join(' '),
        'constraints': found[3],
        'old_columns': found[4].split(' ') if found[4] else [],
    }) }}
{% endmacro %}

{% macro tenant_table__remember(seen, is_replaced) %}
    {% do tenant_table__run(
        "insert into ops.mart_build (model, code, cluster, seen, replaced_xid) select '" ~ this.identifier ~ "', '"
        ~ tenant_table__lineage()['code'] ~ "', (pg_control_system()).system_identifier::text, '" ~ seen
        ~ "', pg_current_xact_id() on conflict (model) do update set code = excluded.code, "
        ~ "cluster = excluded.cluster, seen = excluded.seen, built_at = excluded.built_at"
        ~ (", replaced_xid = excluded.replaced_xid" if is_replaced else "")
    ) %}
{% endmacro %}

{#- Whether the last build can be built upon: same code, same cluster, and a log of each change to the tables it read. -#}
{% macro tenant_table__can_be_delta_sql(lineage) %}
    select coalesce((
        select
            mine.code = '{{ lineage["code"] }}'
            and mine.cluster = (pg_control_system()).system_identifier::text
            and pg_snapshot_xmin(mine.seen) <= pg_snapshot_xmin(pg_current_snapshot())
            and mine.built_at > now() - interval '{{ var("change_log_days") }} days'
            -- a held tenant's row without its key is none that a delta could name
            and not exists (
                select
                from ops.mart_hold_key as behind
                where behind.model = mine.model and jsonb_path_exists(behind.key, '$.* ? (@ == null)')
            )
            and (
                select count(*)
                from ops.mart_build as theirs
                where
                    theirs.model in ('', '{{ lineage["tables"] | join("', '") }}')
                    and pg_visible_in_snapshot(theirs.replaced_xid, mine.seen)
            ) = {{ lineage["tables"] | length }}
        from ops.mart_build as mine
        where mine.model = '{{ this.identifier }}'
    ), false)
{% endmacro %}

{#- The tables that this model reads, and a fingerprint of all code between them and it. -#}
{% macro tenant_table__lineage() %}
    {%- set found = {'tables': [], 'checksums': [env_var('TEKUP_DBT_CODE', '')], 'met': []} -%}
    {%- for column in model.columns.values() -%}
        {%- do found['checksums'].append(column['name'] ~ column['data_type']) -%}
    {%- endfor -%}
    {% do tenant_table__walk(model.unique_id, found) %}
    {{ return({'tables': found['tables'] | sort, 'code': local_md5(found['checksums'] | sort | join(' '))}) }}
{% endmacro %}

{% macro tenant_table__walk(unique_id, found) %}
    {%- set node = graph.nodes.get(unique_id) -%}
    {%- if node and unique_id not in found['met'] -%}
        {%- do found['met'].append(unique_id) -%}
        {%- if node.config.materialized == 'table' and unique_id != model.unique_id -%}
            {%- do found['tables'].append(node.name) -%}
        {%- else -%}
            {%- do found['checksums'].append(node.checksum.checksum) -%}
            {%- for parent in node.get('depends_on', {}).get('nodes', []) -%}
                {% do tenant_table__walk(parent, found) %}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- An empty log for a new table; whoever reads the table knows from `replaced_xid` that the log doesn't reach back. -#}
{% macro tenant_table__start_change_log(target) %}
    {%- if config.get('meta', {}).get('change_log') -%}
        {%- set log = tenant_table__change_log(target) -%}
        {% do tenant_table__run(
            'drop table if exists ' ~ log ~ ';'
            ~ 'create table ' ~ log ~ ' as select ' ~ config.get('meta')['change_log'] | join(', ')
            ~ ', 0::smallint as change, now() as logged_at from ' ~ target ~ ' with no data;'
            ~ 'alter table ' ~ log ~ ' alter ' ~ config.get('meta')['change_log'][0] ~ ' set not null;'
            ~ "select ops.secure_relation('" ~ log ~ "')"
        ) %}
    {%- endif -%}
{% endmacro %}

{#- What the rows to be deleted or overwritten were (`change` -1), and what they become (1). -#}
{% macro tenant_table__log_changes(target, columns) %}
    {%- set log = tenant_table__change_log(target) -%}
    {%- set former = 'was__' ~ columns | join(', was__') -%}
    {% do tenant_table__run(
        'insert into ' ~ log ~ ' select *, now() from ('
        ~ 'select ' ~ former ~ ', -1::smallint from written_row where not is_new_row'
        ~ ' union all select ' ~ former ~ ', -1::smallint from gone_row'
        ~ ' union all select ' ~ columns | join(', ') ~ ', 1::smallint from written_row) as difference;'
        ~ 'delete from ' ~ log ~ " where logged_at < now() - interval '" ~ var('change_log_days') ~ " days'"
    ) %}
{% endmacro %}

{#- The columns of a log as they were, under names of their own, at the end of a list of columns. -#}
{% macro tenant_table__former(alias, columns) %}
    {%- set named = [] -%}
    {%- for column in columns -%}
        {%- do named.append(', ' ~ alias ~ '.' ~ column ~ ' as was__' ~ column) -%}
    {%- endfor -%}
    {{ return(named | join('')) }}
{% endmacro %}

{#- The logged rows that this model's last build had not seen. -#}
{% macro tenant_table__logged_changes(relation) -%}
    (
        select *
        from {{ tenant_table__change_log(relation) }} as logged
        where ops.is_written_since(logged.xmin, {{ tenant_table__last_seen() }})
    )
{%- endmacro %}

{#- Every transaction before this one had ended when the model's last build began to read. -#}
{% macro tenant_table__last_seen() -%}
    (select pg_snapshot_xmin(seen) from ops.mart_build where model = '{{ this.identifier }}')
{%- endmacro %}

{% macro tenant_table__change_log(relation) %}
    {{ return(relation.incorporate(path={'schema': 'intermediate', 'identifier': relation.identifier ~ '__change'})) }}
{% endmacro %}

{#- The columns of the first unique index. -#}
{% macro tenant_table__row_key() %}
    {%- for index in config.get('indexes', []) if index.get('unique') -%}
        {{ return(index['columns']) }}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(this ~ ' has no unique index: its rows need a key') }}
{% endmacro %}

{% macro tenant_table__keys_mark() %}{{ return('/* keys to compute again */') }}{% endmacro %}

{% macro tenant_table__equal(left, right, columns) %}
    {%- set conditions = [] -%}
    {%- for column in columns -%}
        {%- do conditions.append(left ~ '.' ~ column ~ ' = ' ~ right ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ return(conditions | join(' and ')) }}
{% endmacro %}

{% macro tenant_table__list(alias, columns) %}
    {{ return(alias ~ '.' ~ columns | join(', ' ~ alias ~ '.')) }}
{% endmacro %}

{#- Runs statements in the model's transaction. -#}
{% macro tenant_table__run(statements) %}
    {% call statement('tenant_table') %}{{ statements }}{% endcall %}
{% endmacro %}

{% macro tenant_table__row(statements) %}
    {% call statement('tenant_table', fetch_result=true) %}{{ statements }}{% endcall %}
    {{ return(load_result('tenant_table')['data'][0]) }}
{% endmacro %}

{% macro tenant_table__value(statements) %}
    {{ return(tenant_table__row(statements)[0]) }}
{% endmacro %}
