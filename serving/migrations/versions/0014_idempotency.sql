-- Requests that happen once: the claim of a key, its request's hash and the sealed answer, stored with the effect.

create table app.idempotency_key (
    tenant_id uuid not null references app.tenants (id) on delete cascade,
    caller_id uuid not null,
    route text not null,
    key text not null check (length(key) between 1 and 255),
    request_hash bytea not null,
    status smallint,
    headers jsonb,
    answer_sealed bytea,
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, caller_id, route, key)
);
create index idempotency_key_expiry on app.idempotency_key (tenant_id, expires_at);
alter table app.idempotency_key enable row level security;
alter table app.idempotency_key force row level security;
create policy tenant_isolation on app.idempotency_key to tekup_owner, tekup_pipeline, tekup_app, tekup_reader
using (tenant_id = (select current_setting('app.tenant_id')::uuid))
with check (tenant_id = (select current_setting('app.tenant_id')::uuid));
grant select, insert, update, delete on app.idempotency_key to tekup_app;
