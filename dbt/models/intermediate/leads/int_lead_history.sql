{{
    config(
        materialized='table',
        meta={'delta_key': ['tenant_id', 'lead_id'], 'change_log': ['tenant_id', 'lead_id']},
        indexes=[{'columns': ['tenant_id', 'lead_id'], 'unique': true}],
    )
}}

with moments as (
    select
        lead.tenant_id,
        lead.lead_id,
        lead.source,
        lead.company_id,
        moment.kind,
        moment.happened_at,
        (moment.kind = 'created')::int as is_created,
        (moment.kind = 'won')::int as is_won,
        (moment.kind in ('won', 'lost'))::int as is_closed
    from {{ ref('fct_lead') }} as lead
    cross join lateral (
        values ('created', lead.created_at), ('won', lead.won_at), ('lost', lead.lost_at)
    ) as moment (kind, happened_at)
    where moment.happened_at is not null
),

totals as (
    select
        tenant_id,
        lead_id,
        kind,
        {{ known_before('is_created', 'source') }} as lead_count_so_far,
        {{ known_before('is_won', 'source') }} as won_count_so_far,
        {{ known_before('is_closed', 'source') }} as closed_count_so_far,
        {{ known_before('is_created', 'company_id') }} as company_lead_count_so_far,
        {{ known_before('is_won', 'company_id') }} as company_won_count_so_far,
        company_id is not null as has_company
    from moments
)

select
    tenant_id,
    lead_id,
    lead_count_so_far,
    won_count_so_far::double precision / nullif(closed_count_so_far, 0) as win_rate_so_far,
    case when has_company then company_lead_count_so_far else 0 end as company_lead_count_so_far,
    case when has_company then company_won_count_so_far else 0 end as company_won_count_so_far
from totals
where kind = 'created' and {{ is_changed('totals') }}

{% call changed_keys() %}
    select
        tenant_id,
        lead_id
    from {{ changes(ref('fct_lead')) }} as lead
    union all
    {# what an earlier lead came to is known to all later ones of its source and of its company #}
    {% for group in ['source', 'company_id'] %}
        select
            lead.tenant_id,
            lead.lead_id
        from (
            select
                tenant_id,
                {{ group }},
                min(happened_at) as happened_at
            from (
                select
                    earlier.tenant_id,
                    earlier.{{ group }},
                    moment.happened_at
                from {{ changes(ref('fct_lead')) }} as earlier
                cross join lateral (
                    values ('created', earlier.created_at), ('won', earlier.won_at), ('lost', earlier.lost_at)
                ) as moment (kind, happened_at)
                where moment.happened_at is not null and earlier.{{ group }} is not null
                group by
                    earlier.tenant_id, earlier.lead_id, earlier.{{ group }}, moment.kind, moment.happened_at,
                    earlier.logged_at
                having sum(earlier.change) <> 0
            ) as moved
            group by tenant_id, {{ group }}
        ) as first_moved
        inner join {{ ref('fct_lead') }} as lead
            on
                lead.tenant_id = first_moved.tenant_id
                and lead.{{ group }} = first_moved.{{ group }}
                and lead.created_at > first_moved.happened_at
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
{% endcall %}
