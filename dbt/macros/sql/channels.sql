{#- What a rule of channel grouping may ask for: columns of a touchpoint and of the rules. -#}
{% macro channel_conditions() %}
    {{ return(['kind', 'utm_source', 'utm_medium', 'utm_campaign', 'referrer', 'landing_page']) }}
{% endmacro %}

{#- Whether a value is there and matches one of the patterns; patterns that are null ask for nothing. -#}
{% macro matches_patterns(value, patterns) -%}
    ({{ patterns }} is null or coalesce({{ value }} like any ({{ patterns }}), false))
{%- endmacro %}

{#-
  Patterns separated by "|" as an array for `like any`: "*" stands for anything, every other character for itself. No
  regular expressions: a tenant's own could fail, or run for hours, and stop everybody's build.
-#}
{% macro like_patterns(text) -%}
    string_to_array(
        replace(
            replace(replace(replace(lower(nullif(btrim({{ text }}), '')), '\', '\\'), '%', '\%'), '_', '\_'), '*', '%'
        ),
        '|'
    )
{%- endmacro %}

{#- A parameter of an address's query, decoded and in lower case; null where it is empty. -#}
{% macro url_parameter(url, name) -%}
    nullif(lower(btrim({{ url_decode("substring(" ~ url ~ " from '[?&]" ~ name ~ "=([^&#]*)')") }})), '')
{%- endmacro %}

{#- Percent-decoding where the bytes are certainly UTF-8, else the text as it stands. -#}
{% macro url_decode(text) -%}
    case
        when {{ text }} !~ '%' then replace({{ text }}, '+', ' ')
        when
            {{ text }} ~* '^([^%]|%(0[1-9a-f]|[1-7][0-9a-f])|%(c[2-9a-f]|d[0-9a-f])%[89ab][0-9a-f]|%e[1-9abcef](%[89ab][0-9a-f]){2})*$'
            then (
                select
                    convert_from(
                        string_agg(
                            case
                                when piece.text[1] like '\%__' then decode(substr(piece.text[1], 2), 'hex')
                                else convert_to(replace(piece.text[1], '+', ' '), 'UTF8')
                            end,
                            ''::bytea
                            order by piece.place
                        ),
                        'UTF8'
                    )
                from regexp_matches({{ text }}, '%[0-9a-fA-F]{2}|[^%]+', 'g') with ordinality as piece (text, place)
            )
        else {{ text }}
    end
{%- endmacro %}

{#- The path of an address, without host and query. -#}
{% macro url_path(url) -%}
    nullif(regexp_replace(split_part(split_part(lower({{ url }}), '?', 1), '#', 1), '^[a-z]+://[^/]*', ''), '')
{%- endmacro %}
