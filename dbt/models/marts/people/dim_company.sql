{{
    config(
        meta={'delta_key': ['tenant_id', 'company_key']},
        indexes=[{'columns': ['tenant_id', 'company_key'], 'unique': true}],
    )
}}

{%- set oldest %}
order by case record.source_system when 'operational' then 1 else 2 end, record.created_at, record.source_id
{%- endset %}

select
    record.tenant_id,
    record.company_key,
    {%- for source_system, column in [('operational', '::uuid as company_id'), ('hubspot', ' as hubspot_company_id')] %}
    (array_agg(record.source_id {{ oldest }}) filter (where record.source_system = '{{ source_system }}'))[1]
        {{- column }},
    {%- endfor %}
    {%- for column in ['company_name', 'domain', 'industry', 'employee_count', 'country', 'city'] %}
    (array_agg(record.{{ column }} {{ oldest }}) filter (where record.{{ column }} is not null))[1] as {{ column }},
    {%- endfor %}
    count(*) as source_record_count,
    min(record.created_at) as created_at
from {{ ref('int_company_record') }} as record
where {{ is_changed('record') }}
group by record.tenant_id, record.company_key

{% call changed_keys() %}
    {{ keys_of_changes(['int_company_record']) }}
{% endcall %}
