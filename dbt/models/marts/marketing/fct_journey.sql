{{
    config(
        meta={'delta_key': ['tenant_id', 'person_id']},
        indexes=[{'columns': ['tenant_id', 'person_id', 'journey_number'], 'unique': true}],
    )
}}

with events as (
    select
        touch.tenant_id,
        touch.person_id,
        touch.occurred_at as happened_at,
        0 as is_conversion,
        touch.touchpoint_id as event_id,
        touch.channel,
        null::bigint as reporting_value_cents
    from {{ ref('fct_touchpoint') }} as touch
    where {{ is_changed('touch') }}
    union all
    select
        conversion.tenant_id,
        conversion.person_id,
        conversion.converted_at as happened_at,
        1 as is_conversion,
        conversion.lead_id as event_id,
        null as channel,
        conversion.reporting_value_cents
    from {{ ref('fct_conversion') }} as conversion
    where {{ is_changed('conversion') }}
),

-- A conversion ends its journey; a touch of the same moment still belongs to it.
numbered as (
    select
        *,
        1 - is_conversion + sum(is_conversion) over person as journey_number,
        lag(channel) over person as previous_channel
    from events
    window person as (partition by tenant_id, person_id order by happened_at, is_conversion, event_id)
),

journeys as (
    select
        tenant_id,
        person_id,
        journey_number,
        min(happened_at) filter (where is_conversion = 0) as started_at,
        max(happened_at) filter (where is_conversion = 0) as last_touch_at,
        max(happened_at) filter (where is_conversion = 1) as converted_at,
        (array_agg(event_id) filter (where is_conversion = 1))[1] as lead_id,
        max(reporting_value_cents) as reporting_value_cents,
        count(*) filter (where is_conversion = 0) as touch_count,
        count(distinct channel) as channel_count,
        (array_agg(channel order by happened_at, event_id) filter (where is_conversion = 0))[1] as first_channel,
        (array_agg(channel order by happened_at desc, event_id desc) filter (where is_conversion = 0))[1]
            as last_channel,
        coalesce(
            jsonb_agg(channel order by happened_at, event_id)
            filter (where is_conversion = 0 and channel is distinct from previous_channel),
            '[]'::jsonb
        ) as channels
    from numbered
    group by tenant_id, person_id, journey_number
)

select
    journeys.tenant_id,
    journeys.person_id,
    journeys.journey_number::bigint as journey_number,
    journeys.lead_id is not null as is_converted,
    journeys.lead_id,
    journeys.started_at,
    journeys.last_touch_at,
    journeys.converted_at,
    {{ tenant_date('coalesce(journeys.started_at, journeys.converted_at)', 'tenant.timezone') }} as started_date,
    extract(epoch from journeys.converted_at - journeys.started_at)::double precision / 86400 as days_to_conversion,
    journeys.touch_count,
    journeys.channel_count,
    journeys.first_channel,
    journeys.last_channel,
    journeys.channels,
    journeys.reporting_value_cents,
    tenant.currency as reporting_currency
from journeys
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = journeys.tenant_id

{% call changed_keys() %}
    select
        tenant_id,
        person_id
    from {{ changes(ref('fct_touchpoint')) }} as touch
    union all
    select
        tenant_id,
        person_id
    from {{ changes(ref('fct_conversion')) }} as conversion
{% endcall %}
