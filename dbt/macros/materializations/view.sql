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
    {#- asked of the server, not of dbt's cache: a table made anew has taken its views with it since that was filled -#}
    {%- set found = tenant_table__row(
        "select (select relkind::text from pg_class where oid = to_regclass('" ~ target ~ "')), "
        ~ "obj_description(to_regclass('" ~ target ~ "'), 'pg_class')"
    ) -%}

    {%- if found[0] == 'v' and found[1] == said and not flags.FULL_REFRESH -%}
        {% call statement('main') %}select 'nothing changed'{% endcall %}
        {{ adapter.commit() }}
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
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

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
