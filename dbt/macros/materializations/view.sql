{#-
  dbt's own `view`, replaced, so that no reader ever misses one: dbt makes a view aside, and between two renames there is none.

  Here a view that already says this is left alone, without a lock; one with the same columns, or more at their end, is
  replaced in place; only other columns drop it, together with the views on it, which the same build makes again. What a
  view said is kept as its comment: the text that the server gives back is its own, not dbt's.
-#}
{% materialization view, adapter='postgres' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- set said = 'dbt ' ~ local_md5([sql, config.get('grants'), pre_hooks, post_hooks] | join(' ')) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- set found = view__find(target) -%}

    {%- if found[0] == 'v' and found[1] == said and not flags.FULL_REFRESH -%}
        {% do store_raw_result('main', message='nothing changed', code='', rows_affected=0) %}
    {%- else -%}
        {{ run_hooks(pre_hooks, inside_transaction=True) }}
        {%- set is_replaced = found[0] == 'v' and view__keeps_columns(target, sql) -%}
        {%- if found[0] and not is_replaced -%}
            {% do tenant_table__run('drop ' ~ ('view ' if found[0] == 'v' else 'table ') ~ target ~ ' cascade') %}
        {%- endif -%}
        {% call statement('main') %}{{ get_replace_view_sql(target, sql) }}{% endcall %}
        {% do tenant_table__run("comment on view " ~ target ~ " is '" ~ said ~ "'") %}
        {% do apply_grants(target, config.get('grants'), should_revoke=is_replaced) %}
        {{ run_hooks(post_hooks, inside_transaction=True) }}
        {{ adapter.commit() }}
        {%- if found[0] and not is_replaced -%}
            {% do view__forget() %}
        {%- endif -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#-
  What stands under this name, and what it says: asked of the server once in a run, of all views, since most are left alone
  and each would open a connection to ask for itself. A relation dropped by this run takes the views on it with it: then,
  after its commit, the answers are forgotten. They are kept where all models of a run look, in `graph`.
-#}
{% macro view__find(target) %}
    {#- taken before the question: answers to one that was asked before a relation was dropped must not be kept after -#}
    {%- set standing = graph.setdefault('standing', {}) -%}
    {%- if not standing -%}
        {% call statement('standing', fetch_result=true) %}
            select
                namespace.nspname || '.' || relation.relname,
                relation.relkind::text,
                obj_description(relation.oid, 'pg_class')
            from pg_class as relation
            inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
            where relation.relkind in ('v', 'r') and namespace.nspname !~ '^(pg_|information_schema)'
        {% endcall %}
        {%- set found = {} -%}
        {%- for row in load_result('standing')['data'] -%}
            {%- do found.update({row[0]: row[1:]}) -%}
        {%- endfor -%}
        {%- do standing.update(found) -%}
    {%- endif -%}
    {{ return(standing.get(target.schema ~ '.' ~ target.identifier, [none, none])) }}
{% endmacro %}

{% macro view__forget() %}
    {%- do graph.update({'standing': {}}) -%}
{% endmacro %}

{#- Whether each column that the view has stays at its place with its type, which is what the server asks of a replacement. -#}
{% macro view__keeps_columns(target, sql) %}
    {%- set columns = 'select attnum, attname, atttypid, atttypmod, attcollation from pg_attribute where attrelid = ' -%}
    {%- set lost = tenant_table__value(
        'create temporary view new_view as (' ~ sql ~ ');'
        ~ 'select count(*) from (' ~ columns ~ "'" ~ target ~ "'::regclass except "
        ~ columns ~ "'pg_temp.new_view'::regclass) as lost"
    ) -%}
    {% do tenant_table__run('drop view pg_temp.new_view') %}
    {{ return(lost == 0) }}
{% endmacro %}
