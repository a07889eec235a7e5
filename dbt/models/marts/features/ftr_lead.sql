{{
    config(
        meta={'delta_key': ['tenant_id', 'lead_id']},
        indexes=[{'columns': ['tenant_id', 'lead_id'], 'unique': true}],
    )
}}

{#- A label is ripe by how far the tenant's data reach, never by the clock, so that old data can be replayed. -#}
select
    lead.tenant_id,
    lead.lead_id,
    lead.created_at as as_of_at,
    lead.source,
    coalesce(lead.landing_page, 'unknown') as landing_page,
    coalesce(lead.country, 'unknown') as country,
    coalesce(lead.language, 'unknown') as language,
    coalesce(lead.industry, 'unknown') as industry,
    lead.employee_count,
    coalesce(length(btrim(lead.job_title)), 0) as job_title_length,
    {{ has_word(
        'lead.job_title',
        'direktør|\mejer\M|indehaver|partner|\mc[a-z]o\M|chief|founder|owner|president|director|\mvp\M'
    ) }} as has_executive_title,
    {{ has_word('lead.job_title', 'chef\M|leder\M|head|manager|\mlead\M') }} as has_manager_title,
    {{ has_word('lead.job_title', 'stud|praktikant|\melev\M|intern\M|trainee|junior') }} as has_junior_title,
    coalesce(length(btrim(lead.message)), 0) as message_length,
    {{ has_word('lead.message', 'tilbud|\mpris|koster|quote|\moffer\M|pricing|\mprice|\mcost') }} as has_price_words,
    {{ has_word('lead.message', '\mdemo|\mmøde|\mring\M|meeting|\mcall\M') }} as has_demo_words,
    {{ has_word('lead.message', 'budget|købe|aftale|kontrakt|\mbuy\M|contract') }} as has_buying_words,
    {{ has_word(
        'lead.message', 'hurtigst|snarest|i dag\M|denne måned|asap|as soon as|today|this month'
    ) }} as has_urgency_words,
    {{ has_word(
        'lead.message', 'information|fortælle|brochure|referenc|sammenlign|overvejer|compar|consider|tell me'
    ) }} as has_research_words,
    {{ has_word(
        'lead.message', 'opgave|student|\mpaper\M|stilling|søger job|positions|kigger bare|just browsing'
    ) }} as has_idle_words,
    {{ has_word('lead.message', 'tilbyde jer|leverandør\M|offer our|our services') }} as has_supplier_words,
    lead.email is not null as has_email,
    {{ has_free_mail_domain('lead.email') }} as has_free_mail_domain,
    lead.company_id is not null or lead.company_name is not null as has_company,
    lead.campaign_id is not null as has_campaign,
    lead.has_marketing_consent,
    extract(hour from lead.created_at at time zone tenant.timezone)::integer as created_hour,
    extract(isodow from lead.created_at at time zone tenant.timezone)::integer as created_weekday,
    extract(month from lead.created_at at time zone tenant.timezone)::integer as created_month,
    coalesce(journey.touch_count_7d, 0) as touch_count_7d,
    coalesce(journey.touch_count_30d, 0) as touch_count_30d,
    coalesce(journey.touch_count_90d, 0) as touch_count_90d,
    coalesce(journey.distinct_channel_count, 0) as distinct_channel_count,
    coalesce(journey.first_channel, 'unknown') as first_channel,
    coalesce(journey.last_channel, 'unknown') as last_channel,
    journey.days_since_first_touch,
    journey.days_since_last_touch,
    history.lead_count_so_far,
    history.win_rate_so_far,
    history.company_lead_count_so_far,
    history.company_won_count_so_far,
    case
        when lead.won_at <= lead.created_at + interval '{{ var("label_window_days") }} days' then 1
        when lead.created_at + interval '{{ var("label_window_days") }} days' <= reach.leads_until then 0
    end as is_won_90d
from {{ ref('fct_lead') }} as lead
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = lead.tenant_id
inner join {{ ref('int_tenant_reach') }} as reach on reach.tenant_id = lead.tenant_id
inner join {{ ref('int_lead_history') }} as history
    on history.tenant_id = lead.tenant_id and history.lead_id = lead.lead_id
left join {{ ref('int_lead_journey') }} as journey
    on journey.tenant_id = lead.tenant_id and journey.lead_id = lead.lead_id
where {{ is_changed('lead') }}

{% call changed_keys() %}
    select
        tenant_id,
        lead_id
    from {{ changes(ref('fct_lead')) }} as lead
    union all
    select
        tenant_id,
        lead_id
    from {{ changes(ref('int_lead_journey')) }} as journey
    union all
    select
        tenant_id,
        lead_id
    from {{ changes(ref('int_lead_history')) }} as history
    union all
    {# labels that ripened, or no longer are ripe #}
    select
        built.tenant_id,
        built.lead_id
    from {{ changes(ref('int_tenant_reach'), ['tenant_id', 'leads_until']) }} as moved
    inner join {{ ref('int_tenant_reach') }} as reach on reach.tenant_id = moved.tenant_id
    inner join {{ this }} as built on built.tenant_id = reach.tenant_id
    where
        built.is_won_90d is distinct from 1
        and (built.is_won_90d is null)
        = (built.as_of_at + interval '{{ var("label_window_days") }} days' <= reach.leads_until)
{% endcall %}
