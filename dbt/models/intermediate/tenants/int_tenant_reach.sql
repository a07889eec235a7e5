{{
    config(
        materialized='table',
        meta={
            'delta_key': ['tenant_id'],
            'change_log': ['tenant_id', 'leads_until', 'revenue_until'],
        },
        indexes=[{'columns': ['tenant_id'], 'unique': true}],
    )
}}

{#- By column: the marts whose newest fact it is, with their key and the moments that count. -#}
{% set reaches = {
    'leads_until': {
        'fct_lead': ['lead_id', 'created_at', 'won_at', 'lost_at', 'qualified_at', 'contacted_at'],
        'fct_touchpoint': ['touchpoint_id', 'occurred_at'],
    },
    'revenue_until': {
        'fct_subscription': ['subscription_id', 'started_at', 'ended_at', 'created_at'],
        'fct_invoice': ['invoice_id', 'created_at', 'paid_at'],
        'fct_charge': ['charge_id', 'created_at'],
    },
} %}

with reached as (
    {% for column, marts in reaches.items() %}
        {% set last_column = loop.last %}
        {% for mart, moments in marts.items() %}
            select
                fact.tenant_id,
                '{{ column }}' as reach,
                max(greatest(fact.{{ moments[1:] | join(', fact.') }})) as reached_at
            from {{ ref(mart) }} as fact
            where {{ is_changed('fact') }}
            group by fact.tenant_id
            {% if not (loop.last and last_column) %}union all{% endif %}
        {% endfor %}
    {% endfor %}
)

select
    tenant.tenant_id,
    {% for column in reaches %}
        max(reached.reached_at) filter (where reached.reach = '{{ column }}') as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from {{ ref('dim_tenant') }} as tenant
left join reached on reached.tenant_id = tenant.tenant_id
where {{ is_changed('tenant') }}
group by tenant.tenant_id

{% call changed_keys() %}
    {#- only a newer fact moves it, or one that was the newest and is no more -#}
    {% for column, marts in reaches.items() %}
        {% for mart, moments in marts.items() %}
            select changed.tenant_id
            from {{ changes(ref(mart), ['tenant_id'] + moments) }} as changed
            left join {{ this }} as built on built.tenant_id = changed.tenant_id
            where
                built.{{ column }} is null
                or greatest(changed.{{ moments[1:] | join(', changed.') }}) >= built.{{ column }}
            union all
        {% endfor %}
    {% endfor %}
    select tenant_id
    from {{ changes(ref('dim_tenant')) }} as tenant
{% endcall %}
