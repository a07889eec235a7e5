{#- The moment of the build; unit tests put another in its place. -#}
{% macro as_of() -%}
    now()
{%- endmacro %}

{#-
  The two joins by which `reporting_rate` converts: from the money's currency, and to the reporting currency, both at the
  rate of one day. Both go through the euro; equal keys let the planner hash a table that all tenants share.
-#}
{% macro join_rates(currency, reporting_currency, day) -%}
    left join {{ ref('int_exchange_rate_daily') }} as rate_from
        on rate_from.currency = {{ currency }} and rate_from.rate_date = {{ day }}
    left join {{ ref('int_exchange_rate_daily') }} as rate_to
        on rate_to.currency = {{ reporting_currency }} and rate_to.rate_date = {{ day }}
{%- endmacro %}

{#- Minor units of the reporting currency for one minor unit of the money's; null where no rate is known. -#}
{% macro reporting_rate(currency, reporting_currency) -%}
    case
        when {{ currency }} = {{ reporting_currency }} then 1
        else rate_to.minor_per_euro / rate_from.minor_per_euro
    end
{%- endmacro %}
