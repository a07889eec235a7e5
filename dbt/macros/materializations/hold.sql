{#-
  One tenant's bad rows never stop another's build: what a table must hold is asked of its new rows before they are
  written, and a tenant whose rows break it keeps the rows that the table has of it.

  Asked is what can be told of the rows alone: the contract's `not_null` and `check`, the key, and the tests `holds` and
  `accepted_values` that are attached to the model (not those with `meta: {blocking: false}`). Why a tenant is held and
  some of its rows are kept in `ops.mart_hold`; the keys that it is behind with, in `ops.mart_hold_key`, so that the
  next delta computes them again.
-#}

{#- Takes the rows of tenants that break the table's conditions out of `computed`; whether any tenant is held. -#}
{% macro hold__broken_tenants(computed, existing, is_delta) %}
    {%- set delta_key = config.get('meta', {}).get('delta_key') -%}
    {%- set held = "(select tenant_id from broken_row)" -%}
    {%- set broken_count = tenant_table__value(
        hold__find_broken_sql(computed)
        ~ "; delete from ops.mart_hold where model = '" ~ this.identifier ~ "' and tenant_id not in " ~ held
        ~ "; delete from ops.mart_hold_key where model = '" ~ this.identifier ~ "'"
        ~ "; select count(*) from broken_row"
    ) -%}
    {%- if broken_count -%}
        {%- set told = tenant_table__row(hold__record_sql()) -%}
        {{ log('held in ' ~ this.identifier ~ ', ' ~ broken_count ~ ' rows: ' ~ told[0], info=true) }}
        {%- if delta_key -%}
            {% do tenant_table__run(hold__remember_keys_sql(computed, existing, is_delta, delta_key, held)) %}
        {%- endif -%}
        {% do tenant_table__run('delete from ' ~ computed ~ ' where tenant_id in ' ~ held) %}
    {%- endif -%}
    {{ return(broken_count > 0) }}
{% endmacro %}

{#- The rows that break a condition, with every condition that they break in words. -#}
{% macro hold__find_broken_sql(computed) %}
    {%- set key = tenant_table__row_key() | join(', ') -%}
    {%- set conditions = hold__conditions() -%}
    {%- set sql -%}
        create temporary table broken_row on commit drop as
        select candidate.tenant_id, 'more than one row has this key ({{ key }})' as reason, to_jsonb(candidate) as failed_row
        from {{ computed }} as candidate
        inner join (
            select {{ key }} from {{ computed }} group by {{ key }} having count(*) > 1
        ) as twice on {{ tenant_table__equal('twice', 'candidate', tenant_table__row_key()) }}
        {%- if conditions %}
        union all
        select
            candidate.tenant_id,
            concat_ws('; ', {% for condition in conditions -%}
                case when ({{ condition['holds'] }}) is false then {{ dbt.string_literal(dbt.escape_single_quotes(condition['reason'])) }} end
                {{- ', ' if not loop.last }}
            {%- endfor %}),
            to_jsonb(candidate)
        from {{ computed }} as candidate
        where candidate.tenant_id is not null and not (
            {%- for condition in conditions -%}
                ({{ condition['holds'] }}) is not false{{ ' and ' if not loop.last }}
            {%- endfor -%}
        )
        {%- endif %}
        union all
        {{ compute__broken_rows() }}
    {%- endset -%}
    {{ return(sql) }}
{% endmacro %}

{#- What must hold in each row, in SQL and in words: from the contract and from the tests attached to the model. -#}
{% macro hold__conditions() %}
    {%- set conditions = [] -%}
    {%- set constraints = model.get('constraints', []) | list -%}
    {%- for column in model.columns.values() -%}
        {%- for constraint in column.get('constraints', []) if column['name'] != 'tenant_id' -%}
            {%- if constraint['type'] == 'not_null' -%}
                {%- do conditions.append(
                    {'holds': column['name'] ~ ' is not null', 'reason': column['name'] ~ ' is missing'}
                ) -%}
            {%- else -%}
                {%- do constraints.append(constraint) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set wanted = [] -%}
    {%- for constraint in constraints if constraint['type'] == 'check' -%}
        {%- do wanted.append(constraint['expression']) -%}
    {%- endfor -%}
    {%- for test in graph.nodes.values() if test.get('attached_node') == model.unique_id -%}
        {%- set arguments = (test.get('test_metadata') or {}).get('kwargs', {}) -%}
        {%- set name = (test.get('test_metadata') or {}).get('name') -%}
        {%- if test.config.get('meta', {}).get('blocking', true) and name == 'holds' -%}
            {%- do wanted.extend(arguments['conditions']) -%}
        {%- elif test.config.get('meta', {}).get('blocking', true) and name == 'accepted_values' -%}
            {%- do wanted.append(hold__accepted(arguments)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for condition in wanted | unique -%}
        {%- do conditions.append({'holds': condition, 'reason': 'does not hold: ' ~ condition}) -%}
    {%- endfor -%}
    {{ return(conditions) }}
{% endmacro %}

{% macro hold__accepted(arguments) %}
    {%- set values = [] -%}
    {%- for value in arguments['values'] -%}
        {%- do values.append(
            dbt.string_literal(dbt.escape_single_quotes(value)) if arguments.get('quote', true) else value
        ) -%}
    {%- endfor -%}
    {{ return(arguments['column_name'] ~ ' in (' ~ values | join(', ') ~ ')') }}
{% endmacro %}

{#- Stores who is held, since when, why and some of the rows; returns it in one line. -#}
{% macro hold__record_sql() %}
    {%- set sql -%}
        insert into ops.mart_hold as hold (tenant_id, model, reason, row_count, failed_rows)
        select
            tenant_id,
            '{{ this.identifier }}',
            string_agg(distinct reason, '; '),
            count(*),
            jsonb_agg(jsonb_build_object('reason', reason, 'row', failed_row - 'tenant_id'))
            filter (where row_number <= {{ var('held_rows_kept') }})
        from (select *, row_number() over (partition by tenant_id) as row_number from broken_row) as numbered
        group by tenant_id
        on conflict (tenant_id, model) do update set
            reason = excluded.reason,
            row_count = excluded.row_count,
            failed_rows = excluded.failed_rows,
            checked_at = now();
        analyze broken_row;
        select string_agg(tenant_id || ' (' || reason || ')', ', ' order by tenant_id)
        from ops.mart_hold
        where model = '{{ this.identifier }}'
    {%- endset -%}
    {{ return(sql) }}
{% endmacro %}

{#- The keys of the held tenants that this build would have written. -#}
{% macro hold__remember_keys_sql(computed, existing, is_delta, delta_key, held) %}
    {%- set from_columns = ' select ' ~ delta_key | join(', ') ~ ' from ' -%}
    {%- if is_delta -%}
        {%- set keys = from_columns ~ 'changed_key' -%}
    {%- else -%}
        {%- set keys = from_columns ~ computed
            ~ (' union all' ~ from_columns ~ existing if existing is not none else '') -%}
    {%- endif -%}
    {#- of rows that were not computed the keys are not known: a key without a value makes the next build a full one -#}
    {%- set unknown = ' union all select tenant_id, \'' ~ this.identifier ~ '\', jsonb_build_object(\'tenant_id\', '
        ~ 'tenant_id, \'any\', null) from ' ~ compute__faults() if not is_delta else '' -%}
    {{ return(
        'insert into ops.mart_hold_key (tenant_id, model, key) select distinct tenant_id, \'' ~ this.identifier
        ~ '\', to_jsonb(behind) from (' ~ keys ~ ') as behind where tenant_id in ' ~ held ~ unknown
    ) }}
{% endmacro %}

{#- The keys that tenants are behind with, as rows of the table's own types. -#}
{% macro hold__keys_behind() %}
    select {{ tenant_table__list('typed', config.get('meta')['delta_key']) }}
    from ops.mart_hold_key as behind
    cross join lateral jsonb_populate_record(null::{{ this }}, behind.key) as typed
    where behind.model = '{{ this.identifier }}'
{% endmacro %}
