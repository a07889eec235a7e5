{{
    config(
        meta={'change_log': ['tenant_id', 'position']},
        indexes=[{'columns': ['tenant_id', 'position'], 'unique': true}],
    )
}}

with own as (
    select
        tenant.tenant_id,
        rule.position::integer as position,
        case when jsonb_typeof(rule.value) = 'object' then rule.value else '{}'::jsonb end as rule,
        jsonb_typeof(rule.value) <> 'object' as is_no_object
    from {{ ref('stg_operational__tenants') }} as tenant
    cross join lateral jsonb_array_elements(
        {{ json_array("(tenant.settings -> 'channel_rules')") }}
    ) with ordinality as rule (value, position)
    where not tenant.is_deleted
),

checked as (
    select
        own.*,
        case
            when own.is_no_object then 'the rule is no object'
            when coalesce(own.rule ->> 'channel', '') !~ '^[a-z0-9_]{1,40}$'
                then 'channel must be 1 to 40 of a-z, 0-9 and _'
            when told.unknown_keys is not null then 'unknown: ' || told.unknown_keys
            when told.wrong_keys is not null then 'no text of 1 to 500 characters: ' || told.wrong_keys
            when told.condition_count = 0 then 'the rule asks for nothing, it would take every touchpoint'
            when own.position > 100 then 'only the first 100 rules are read'
        end as fault
    from own
    cross join lateral (
        select
            string_agg(entry.key, ', ' order by entry.key)
            filter (
                where
                entry.key not in (
                    {%- for condition in channel_conditions() %}
                    '{{ condition }}',
                    {%- endfor %}
                    'channel'
                )
            ) as unknown_keys,
            string_agg(entry.key, ', ' order by entry.key)
            filter (
                where jsonb_typeof(entry.value) <> 'string' or length(btrim(entry.value #>> '{}')) not between 1 and 500
            ) as wrong_keys,
            count(*) filter (where entry.key <> 'channel') as condition_count
        from jsonb_each(own.rule) as entry
    ) as told
),

rules as (
    select
        tenant_id,
        position,
        true as is_own,
        fault,
        rule ->> 'channel' as channel,
        {%- for condition in channel_conditions() %}
        case when fault is null then rule ->> '{{ condition }}' end as {{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from checked
    union all
    select
        tenant.tenant_id,
        rule.position,
        false as is_own,
        null as fault,
        rule.channel,
        {%- for condition in channel_conditions() %}
        rule.{{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('dim_tenant') }} as tenant
    cross join {{ ref('channel_rule') }} as rule
)

select
    rules.tenant_id,
    rules.position,
    rules.channel,
    rules.is_own,
    rules.fault is null as is_valid,
    rules.fault,
    {%- for condition in channel_conditions() %}
    rules.{{ condition }}{{ ',' if not loop.last }}
    {%- endfor %}
from rules
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = rules.tenant_id
