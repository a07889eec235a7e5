-- What each version predicted of a row while it was new, until it is known what came of it: the champion's predictions
-- and a challenger's, which nobody is shown. `predicted` holds a kind's numbers in its own order: the value and its span
-- (deal_value), the probability by each period's end (conversion_time), the probability (subscription_churn).
create table ml.lead_prediction_given (
    tenant_id uuid not null,
    lead_id uuid not null,
    kind text not null check (kind = any(array['deal_value', 'conversion_time'])),
    model_version text not null,
    as_of_at timestamptz not null,
    predicted double precision [] not null,
    predicted_at timestamptz not null default now(),
    primary key (tenant_id, kind, model_version, lead_id, as_of_at)
);
create table ml.subscription_prediction_given (
    tenant_id uuid not null,
    subscription_id text not null,
    kind text not null check (kind = any(array['subscription_churn'])),
    model_version text not null,
    as_of_at timestamptz not null,
    predicted double precision [] not null,
    predicted_at timestamptz not null default now(),
    primary key (tenant_id, kind, model_version, subscription_id, as_of_at)
);

do $$
declare
    relation text;
begin
    foreach relation in array array['ml.lead_prediction_given', 'ml.subscription_prediction_given'] loop
        perform ops.secure_relation(relation::regclass);
        execute format('grant select, insert, update, delete on %s to tekup_pipeline, tekup_all_tenants', relation);
    end loop;
end
$$;
