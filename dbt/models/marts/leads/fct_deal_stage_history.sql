{{
    config(
        meta={'delta_key': ['tenant_id', 'source_system', 'deal_id']},
        indexes=[
            {'columns': ['tenant_id', 'source_system', 'deal_id', 'stay_number'], 'unique': true},
            {'columns': ['tenant_id', 'pipeline_id']},
        ],
    )
}}

with versions as (
    select
        history.tenant_id,
        history.object_id as deal_id,
        history.property_value as stage_id,
        history.changed_at,
        lag(history.property_value) over (
            partition by history.tenant_id, history.object_id order by history.changed_at
        ) as stage_before
    from {{ ref('stg_hubspot__property_history') }} as history
    where
        history.object_kind = 'deals'
        and history.property_name = 'dealstage'
        and history.property_value <> ''
        and history.changed_at is not null
        and not history.is_deleted
        and {{ is_changed('history', {'source_system': "'hubspot'", 'deal_id': 'history.object_id'}) }}
),

stays as (
    select
        tenant_id,
        deal_id,
        stage_id,
        changed_at as entered_at,
        lead(changed_at) over (partition by tenant_id, deal_id order by changed_at) as left_at,
        row_number() over (partition by tenant_id, deal_id order by changed_at) as stay_number
    from versions
    where stage_id is distinct from stage_before
)

select
    deal.tenant_id,
    deal.source_system,
    deal.deal_id,
    coalesce(stays.stay_number, 1) as stay_number,
    deal.pipeline_id,
    coalesce(stays.stage_id, deal.stage_id) as stage_id,
    coalesce(
        stage.stage_name, case when coalesce(stays.stage_id, deal.stage_id) = deal.stage_id then deal.stage_name end
    ) as stage_name,
    coalesce(stays.entered_at, deal.closed_at, deal.created_at) as entered_at,
    stays.entered_at is not null or deal.closed_at is not null as is_entry_known,
    stays.left_at,
    stays.left_at is null as is_current,
    extract(epoch from stays.left_at - stays.entered_at)::double precision / 86400 as days_in_stage,
    deal.status,
    deal.is_mirrored
from {{ ref('fct_deal') }} as deal
left join stays
    on stays.tenant_id = deal.tenant_id and stays.deal_id = deal.deal_id and deal.source_system = 'hubspot'
left join {{ ref('stg_hubspot__stages') }} as stage
    on
        stage.tenant_id = deal.tenant_id
        and stage.pipeline_id = deal.pipeline_id
        and stage.stage_id = stays.stage_id
        and not stage.is_deleted
where {{ is_changed('deal') }}

{% call changed_keys() %}
    select
        tenant_id,
        source_system,
        deal_id
    from {{ changes(ref('fct_deal')) }} as deal
    union all
    select
        tenant_id,
        'hubspot' as source_system,
        object_id as deal_id
    from {{ changes(ref('stg_hubspot__property_history')) }} as history
    where object_kind = 'deals'
    union all
    select
        built.tenant_id,
        built.source_system,
        built.deal_id
    from {{ changes(ref('stg_hubspot__pipelines')) }} as pipeline
    inner join {{ this }} as built
        on built.tenant_id = pipeline.tenant_id and built.pipeline_id = pipeline.pipeline_id
{% endcall %}
