{#- What marketing costs and earns, from sums of credit, spend and leads: defined once for every mart that shows it. -#}
{% macro marketing_ratios(alias) -%}
    ({{ alias }}.reporting_value_cents / nullif({{ alias }}.spend_cents, 0))::double precision as roas_rate,
    {{ to_bigint(alias ~ '.spend_cents / nullif(' ~ alias ~ '.conversions, 0)::numeric') }} as cac_cents,
    {{ to_bigint(alias ~ '.spend_cents / nullif(' ~ alias ~ '.lead_count, 0)') }} as cost_per_lead_cents
{%- endmacro %}
