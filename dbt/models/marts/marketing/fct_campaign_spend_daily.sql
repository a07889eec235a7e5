{{
    config(
        meta={'delta_key': ['tenant_id'], 'change_log': ['tenant_id']},
        indexes=[{'columns': ['tenant_id', 'campaign_id', 'spend_date', 'currency'], 'unique': true}],
    )
}}

select
    spend.tenant_id,
    spend.campaign_id,
    spend.spend_date,
    spend.currency,
    coalesce(campaign.channel, 'unknown') as channel,
    {{ to_bigint('sum(spend.spend_cents)') }} as spend_cents,
    {{ to_bigint('sum(spend.spend_cents * ' ~ reporting_rate('spend.currency', 'tenant.currency') ~ ')') }}
        as reporting_spend_cents,
    sum(spend.impression_count)::bigint as impression_count,
    sum(spend.click_count)::bigint as click_count
from {{ ref('stg_operational__campaign_spend') }} as spend
inner join {{ ref('dim_tenant') }} as tenant on tenant.tenant_id = spend.tenant_id
left join {{ ref('dim_campaign') }} as campaign
    on campaign.tenant_id = spend.tenant_id and campaign.campaign_id = spend.campaign_id
{{ join_rates('spend.currency', 'tenant.currency', 'spend.spend_date') }}
where not spend.is_deleted and {{ is_changed('spend') }}
group by
    spend.tenant_id,
    spend.campaign_id,
    spend.spend_date,
    spend.currency,
    campaign.channel

{% call changed_keys() %}
    {{ tenants_of_changes(['stg_operational__campaign_spend', 'dim_campaign'], has_rates=true) }}
{% endcall %}
