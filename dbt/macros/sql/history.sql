{#- Running totals over the tenant's earlier leads. Totals up to and with a moment, less those of that very moment. -#}
{% macro known_before(amount, keys) -%}
    sum({{ amount }}) over (partition by tenant_id, {{ keys }} order by happened_at)
    - sum({{ amount }}) over (partition by tenant_id, {{ keys }}, happened_at)
{%- endmacro %}

{#- Removes from a snapshot every version of what was erased at its origin under data protection law. -#}
{% macro forget_erased(staged, key) %}
    delete from {{ this }} as kept
    using {{ staged }} as origin
    where
        origin.is_erased
        and origin.tenant_id = kept.tenant_id
        and kept.source_system = 'hubspot'
        and kept.source_id = origin.{{ key }}
        and {{ is_changed('kept') }}
{% endmacro %}

{#-
  The key of each record of which a snapshot wrote versions since this model's last build. The look-back spares the scan
  of all versions, as it does for staging views.
-#}
{% macro records_of_new_versions(snapshot) %}
    {%- set since = '(' ~ model.get('looked_back_to', 'now()') ~ ')::timestamp' -%}
    select {{ tenant_table__list('version', config.get('meta')['delta_key']) }}
    from {{ snapshot }} as version
    where
        (version.dbt_valid_from >= {{ since }} or version.dbt_valid_to >= {{ since }})
        and ops.is_written_since(version.xmin, {{ tenant_table__last_seen() }})
{% endmacro %}

{#- When a version held: the columns with which each history begins, after its key. -#}
{% macro version_span() -%}
    version.dbt_valid_from::timestamptz as valid_from,
    version.dbt_valid_to::timestamptz as valid_to,
    version.dbt_valid_to is null as is_current
{%- endmacro %}
