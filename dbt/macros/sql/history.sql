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
{% endmacro %}
