{#- Whether a text holds one of the words or phrases, by a pattern in which \m and \M stand for a word's ends. -#}
{% macro has_word(value, pattern) -%}
    coalesce({{ value }} ~* '{{ pattern }}', false)
{%- endmacro %}

{#- Mail domains that anybody may have an address at. -#}
{% macro has_free_mail_domain(email) -%}
    coalesce(
        split_part({{ email }}, '@', 2)
        ~ '^((gmail|googlemail|hotmail|outlook|live|yahoo|icloud|me|msn|proton|protonmail|gmx|aol)[.][a-z.]+|(mail|jubii|ofir|stofanet|tdcadsl)[.]dk)$',
        false
    )
{%- endmacro %}
