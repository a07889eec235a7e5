{#-
  dbt's own snapshots, which compare each record with its last version, made to look only at the records that changed
  since the last one. A snapshot says which by `changed_keys`, like a table (tenant_table.sql), and leaves the others out by
  `is_changed`; their versions are left out here, so that none of them passes for one that is gone.
-#}

{#- The hook before: notes what this build can see, and finds the records to look at. -#}
{% macro snapshot__begin() %}
    {%- if execute -%}
        {%- set parts = sql.split(tenant_table__keys_mark()) -%}
        {#- dbt takes the rows from there and from `sql`: once to learn the columns, once to compare -#}
        {%- do model.update({'compiled_code': parts[0]}) -%}
        {{ tenant_table__note_seen_sql() }}
        {%- if parts | length == 2 -%}; {{ tenant_table__find_keys_sql(parts[1]) }}{%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- The hook after: an index by which a record's versions are found, and one by block ranges for what a build wrote. -#}
{% macro snapshot__end() %}
    {%- set name = this.identifier -%}
    {%- set key = config.get('unique_key') -%}
    {%- if execute %}
    set local client_min_messages = warning;
    alter table {{ this }} alter tenant_id set not null;
    create index if not exists {{ name }}_by_key on {{ this }} ({{ key | join(', ') }});
    create index if not exists {{ name }}_by_time on {{ this }}
    using brin (tenant_id, dbt_valid_from, dbt_valid_to) with (pages_per_range = 16, autosummarize = on);
    {{ tenant_table__remember_sql(false) }}
    {%- endif -%}
{% endmacro %}

{% macro postgres__snapshot_staging_table(strategy, source_sql, target_relation) %}
    {%- set versions = target_relation -%}
    {%- if is_delta() -%}
        {%- set versions = '(select version.* from ' ~ target_relation ~ ' as version inner join changed_key on '
            ~ tenant_table__equal('changed_key', 'version', config.get('unique_key')) ~ ') as version' -%}
    {%- endif -%}
    {{ return(
        dbt.default__snapshot_staging_table(strategy, source_sql.split(tenant_table__keys_mark())[0], versions)
    ) }}
{% endmacro %}
