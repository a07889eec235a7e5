{#- Fails on rows whose tenant or key is null, and on keys that are not unique within a tenant: one scan for all three. -#}
{% test tenant_key(model, columns) %}
    select tenant_id{% for column in columns %}, {{ column }}{% endfor %}, count(*) as row_count
    from {{ model }}
    group by tenant_id{% for column in columns %}, {{ column }}{% endfor %}

    having count(*) > 1 or tenant_id is null{% for column in columns %} or {{ column }} is null{% endfor %}
{% endtest %}

{#- Fails on rows whose reference has no target WITHIN THE SAME TENANT. -#}
{% test tenant_reference(model, column_name, to, field) %}
    select child.tenant_id, child.{{ column_name }}
    from {{ model }} as child
    left join {{ to }} as parent on parent.tenant_id = child.tenant_id and parent.{{ field }} = child.{{ column_name }}
    where child.{{ column_name }} is not null and parent.tenant_id is null
{% endtest %}

{#- Fails on rows that break any of the conditions. -#}
{% test holds(model, conditions) %}
    select *
    from {{ model }}
    where not ({% for condition in conditions %}({{ condition }}){% if not loop.last %} and {% endif %}{% endfor %})
{% endtest %}

{#- In place of dbt's own, which counts values over all tenants: failing rows must tell whose they are. -#}
{% test accepted_values(model, column_name, values, quote=true) %}
    select tenant_id, {{ column_name }}, count(*) as row_count
    from {{ model }}
    where {{ column_name }} not in (
        {% for value in values %}{{ "'" ~ value ~ "'" if quote else value }}{% if not loop.last %}, {% endif %}{% endfor %}
    )
    group by tenant_id, {{ column_name }}
{% endtest %}
