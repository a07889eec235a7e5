{#- An e-mail address as it is compared: trimmed and in lower case; null where it is no address. -#}
{% macro normalise_email(value) -%}
    case when {{ value }} like '%_@_%' then lower(btrim({{ value }})) end
{%- endmacro %}

{#- A web domain as it is compared: no scheme, no www, no path, in lower case. -#}
{% macro normalise_domain(value) -%}
    nullif(regexp_replace(lower(btrim({{ value }})), '^(https?://)?(www[.])?([^/?#:]*).*$', '\3'), '')
{%- endmacro %}

{#- A country as its ISO 3166 code where the spelling is known, else what stood there in upper case. -#}
{% macro normalise_country(value) -%}
    case
        when
            lower(btrim({{ value }})) in ('dk', 'dnk', 'danmark', 'denmark', 'kongeriget danmark', 'dänemark')
            then 'DK'
        when lower(btrim({{ value }})) in ('se', 'swe', 'sverige', 'sweden') then 'SE'
        when lower(btrim({{ value }})) in ('no', 'nor', 'norge', 'norway') then 'NO'
        when lower(btrim({{ value }})) in ('de', 'deu', 'deutschland', 'germany', 'tyskland') then 'DE'
        when lower(btrim({{ value }})) in ('gb', 'gbr', 'uk', 'united kingdom', 'storbritannien') then 'GB'
        else nullif(upper(btrim({{ value }})), '')
    end
{%- endmacro %}

{#- The day that a moment belongs to where the tenant lives. -#}
{% macro tenant_date(moment, timezone) -%}
    ({{ moment }} at time zone {{ timezone }})::date
{%- endmacro %}

{#- A marketing channel or source in lower case with underscores; 'unknown' where nothing stood there. -#}
{% macro normalise_channel(value) -%}
    coalesce(nullif(replace(replace(lower(btrim({{ value }})), ' ', '_'), '-', '_'), ''), 'unknown')
{%- endmacro %}
