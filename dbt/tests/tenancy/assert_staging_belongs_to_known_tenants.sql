{#- Each staged row carries a tenant, and one that the operational database knows. -#}
{% set staged = [
    'stg_hubspot__companies',
    'stg_hubspot__contact_companies',
    'stg_hubspot__contacts',
    'stg_hubspot__deal_companies',
    'stg_hubspot__deal_contacts',
    'stg_hubspot__deals',
    'stg_hubspot__owners',
    'stg_hubspot__pipelines',
    'stg_hubspot__stages',
    'stg_kit__broadcasts',
    'stg_kit__subscribers',
    'stg_kit__tag_subscribers',
    'stg_kit__tags',
    'stg_operational__activities',
    'stg_operational__application_data',
    'stg_operational__campaign_spend',
    'stg_operational__campaigns',
    'stg_operational__companies',
    'stg_operational__contacts',
    'stg_operational__deals',
    'stg_operational__experiments',
    'stg_operational__identities',
    'stg_operational__leads',
    'stg_operational__pipelines',
    'stg_operational__stages',
    'stg_operational__touchpoints',
    'stg_stripe__charges',
    'stg_stripe__customers',
    'stg_stripe__invoices',
    'stg_stripe__prices',
    'stg_stripe__products',
    'stg_stripe__refunds',
    'stg_stripe__subscriptions',
] %}
{% for model in staged %}
    select '{{ model }}' as model, staged.tenant_id
    from (select distinct tenant_id from {{ ref(model) }}) as staged
    left join {{ ref('stg_operational__tenants') }} as tenant on tenant.tenant_id = staged.tenant_id
    where tenant.tenant_id is null
    {% if not loop.last %}union all{% endif %}
{% endfor %}
