-- Euro reference rates by day. They belong to no tenant: who builds reads them, nobody else.
create schema raw_ecb;
create table raw_ecb.exchange_rates (
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    rate_date date not null,
    units_per_euro numeric not null check (units_per_euro > 0),
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    primary key (currency, rate_date)
);
select ops.secure_relation('raw_ecb.exchange_rates');
grant usage on schema raw_ecb to tekup_pipeline, tekup_all_tenants;
grant select, insert, update, delete on raw_ecb.exchange_rates to tekup_all_tenants;

-- A subscription's past is read from its events, a small part of all.
create index events_of_subscriptions on raw_stripe.events (tenant_id, (payload ->> 'type'))
where payload ->> 'type' like 'customer.subscription.%';
