{#- A view, so that it shows a check's verdict at once and no build must follow the checks. -#}
{{ config(materialized='view', post_hook="select ops.secure_relation('{{ this }}')") }}

{% set dimensions = [
    'completeness', 'freshness', 'volume', 'distribution', 'validity', 'uniqueness', 'consistency',
] %}

select
    tenant_id,
    quality_date,
    round(sum(weight_passed)::numeric / nullif(sum(weight_total), 0), 4)::double precision as quality_rate,
    sum(check_count)::bigint as check_count,
    sum(failed_count)::bigint as failed_check_count,
    sum(blocking_failed_count) > 0 as is_held,
    {% for dimension in dimensions %}
        round(
            sum(weight_passed) filter (where dimension = '{{ dimension }}')::numeric
            / nullif(sum(weight_total) filter (where dimension = '{{ dimension }}'), 0), 4
        )::double precision as {{ dimension }}_rate,
    {% endfor %}
    max(checked_at) as checked_at
from {{ source('quality', 'quality_daily') }}
group by tenant_id, quality_date
