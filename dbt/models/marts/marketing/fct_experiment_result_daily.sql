{{
    config(
        meta={'delta_key': ['tenant_id'], 'change_log': ['tenant_id']},
        indexes=[
            {'columns': ['tenant_id', 'experiment_id', 'metric', 'variant', 'exposed_date'], 'unique': true},
        ],
    )
}}

with measured as (
    select
        exposure.tenant_id,
        exposure.experiment_id,
        told.metric,
        exposure.variant,
        exposure.exposed_date,
        told.measure,
        least(exposure.prior_touch_count, 50)::numeric as covariate
    from {{ ref('fct_experiment_exposure') }} as exposure
    cross join lateral (
        values
        ('lead_rate', exposure.has_lead::integer::numeric),
        ('qualified_rate', exposure.has_qualified_lead::integer::numeric),
        ('win_rate', exposure.has_won_lead::integer::numeric),
        -- an absurd amount must not stop the build by its square
        ('revenue', least(exposure.revenue_cents, 10000000000000)::numeric),
        ('touch_count', exposure.touch_count::numeric)
    ) as told (metric, measure)
    where {{ is_changed('exposure') }}
)

select
    tenant_id,
    experiment_id,
    metric,
    variant,
    exposed_date,
    count(*) as person_count,
    sum(measure) as metric_sum,
    sum(measure * measure) as metric_square_sum,
    sum(covariate) as covariate_sum,
    sum(covariate * covariate) as covariate_square_sum,
    sum(measure * covariate) as product_sum
from measured
group by tenant_id, experiment_id, metric, variant, exposed_date

{% call changed_keys() %}
    {{ tenants_of_changes(['fct_experiment_exposure']) }}
{% endcall %}
