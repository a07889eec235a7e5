{#- Running totals over the tenant's earlier leads. Totals up to and with a moment, less those of that very moment. -#}
{% macro known_before(amount, keys) -%}
    sum({{ amount }}) over (partition by tenant_id, {{ keys }} order by happened_at)
    - sum({{ amount }}) over (partition by tenant_id, {{ keys }}, happened_at)
{%- endmacro %}
