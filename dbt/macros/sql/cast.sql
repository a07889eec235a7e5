{#-
  Guarded casts: a value that is not of the type becomes null, so that one tenant's bad row never stops another's build.
  By pattern and not by pg_input_is_valid, which PostgreSQL 15 lacks.
-#}
{% macro try_bigint(value) -%}
    case when {{ value }} ~ '^-?[0-9]{1,15}$' then ({{ value }})::bigint end
{%- endmacro %}

{% macro try_integer(value) -%}
    case when {{ value }} ~ '^-?[0-9]{1,9}$' then ({{ value }})::integer end
{%- endmacro %}

{% macro try_numeric(value) -%}
    case when {{ value }} ~ '^-?[0-9]{1,15}([.][0-9]{1,9})?$' then ({{ value }})::numeric end
{%- endmacro %}

{% macro try_cents(value) -%}
    case
        when {{ value }} ~ '^-?[0-9]{1,15}([.][0-9]{1,9})?$' then round(({{ value }})::numeric * 100)::bigint
    end
{%- endmacro %}

{% macro try_boolean(value) -%}
    case when lower({{ value }}) in ('true', 'false') then lower({{ value }}) = 'true' end
{%- endmacro %}

{% macro try_uuid(value) -%}
    case
        when {{ value }} ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            then ({{ value }})::uuid
    end
{%- endmacro %}

{#- Years 1900 to 2099, days that exist (29 February in leap years only). -#}
{% macro date_pattern() -%}
    ^((19|20)[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|((19|20)(0[48]|[2468][048]|[13579][26])|2000)-02-29)
{%- endmacro %}

{#- ISO 8601; without an offset it is UTC. -#}
{% macro try_timestamptz(value) -%}
    case
        when
            {{ value }}
            ~ '{{ date_pattern() }}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?)?)?$'
            then
                case
                    when {{ value }} ~ '(Z|[0-9]:[0-9.]+[+-][0-9:]+)$' then ({{ value }})::timestamptz
                    else ({{ value }})::timestamp at time zone 'UTC'
                end
    end
{%- endmacro %}

{#- Seconds since 1970, as Stripe gives times. -#}
{% macro try_epoch(value) -%}
    case when {{ value }} ~ '^[0-9]{1,10}$' then to_timestamp(({{ value }})::bigint) end
{%- endmacro %}

{#- Milliseconds since 1970, as HubSpot gives some times. -#}
{% macro try_epoch_ms(value) -%}
    case when {{ value }} ~ '^[0-9]{1,13}$' then to_timestamp(({{ value }})::bigint / 1000.0) end
{%- endmacro %}

{#- A JSON value that is certainly an array, as jsonb_array_elements demands. -#}
{% macro json_array(value) -%}
    case when jsonb_typeof({{ value }}) = 'array' then {{ value }} else '[]'::jsonb end
{%- endmacro %}

{#- A JSON value that is certainly an object, as jsonb_to_record demands. -#}
{% macro json_object(value) -%}
    case when jsonb_typeof({{ value }}) = 'object' then {{ value }} else '{}'::jsonb end
{%- endmacro %}

{#- A sum as bigint: an absurd amount is cut off at the type's bounds, for an error would stop every tenant's build. -#}
{% macro to_bigint(value) -%}
    case when {{ value }} is not null then round(least(greatest({{ value }}, -9e18), 9e18))::bigint end
{%- endmacro %}
