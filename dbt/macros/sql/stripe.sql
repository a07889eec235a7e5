{#-
  Stripe's integer amount in the currency's own minor units. Stripe writes Icelandic kronur and Ugandan shillings with two
  digits that they do not have.
-#}
{% macro stripe_cents(value, currency) -%}
    case
        when upper({{ currency }}) in ('ISK', 'UGX') then {{ try_bigint(value) }} / 100
        else {{ try_bigint(value) }}
    end
{%- endmacro %}

{#- The elements of a JSON list as rows; no rows where it is no list. -#}
{% macro json_elements(value) -%}
    jsonb_array_elements(case when jsonb_typeof({{ value }}) = 'array' then {{ value }} else '[]'::jsonb end)
{%- endmacro %}

{#- Months in a billing interval; a year of days or weeks is shared by its twelve months. -#}
{% macro interval_months(unit, interval_count) -%}
    case {{ unit }}
        when 'day' then 12.0 / 365
        when 'week' then 12.0 / 52
        when 'month' then 1
        when 'year' then 12
    end * greatest(coalesce({{ interval_count }}, 1), 1)
{%- endmacro %}

{#- What percentage discounts leave of a price: they multiply; nothing is left where one takes all. -#}
{% macro discount_share(which) -%}
    coalesce(
        case
            when bool_or(counting.percent_off >= 100) filter (where {{ which }}) then 0
            else
                round(
                    exp(sum(ln(1 - counting.percent_off / 100.0)) filter (
                        where {{ which }} and counting.percent_off < 100
                    )), 12
                )
        end,
        1
    )
{%- endmacro %}
