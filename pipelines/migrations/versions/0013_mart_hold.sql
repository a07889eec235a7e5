-- The tenants that a table of dbt is held for: their new rows break what it must hold, so it keeps those it has of them.

-- One row per tenant and table; some of the rows that stand in the way are kept for a person to look at.
create table ops.mart_hold (
    tenant_id uuid not null,
    model text not null,
    reason text not null,
    row_count bigint not null,
    failed_rows jsonb not null,
    held_since timestamptz not null default now(),
    checked_at timestamptz not null default now(),
    primary key (tenant_id, model)
);
-- What a held tenant's table is behind with: the next delta computes these keys again. Read by model, over all tenants.
create table ops.mart_hold_key (
    tenant_id uuid not null,
    model text not null,
    key jsonb not null,
    primary key (tenant_id, model, key)
);

do $$
declare
    relation regclass;
begin
    foreach relation in array array['ops.mart_hold', 'ops.mart_hold_key']::regclass[] loop
        perform ops.secure_relation(relation);
    end loop;
end
$$;

grant select, insert, update, delete on ops.mart_hold, ops.mart_hold_key to tekup_pipeline, tekup_all_tenants;
grant select on ops.mart_hold to tekup_reader, tekup_app;
