"""The table that is measured and the policies that are compared on it. How time is taken stands in `run`."""

import psycopg

from tekup.db.lint_rules import TENANT_FORM

TENANT = "(select current_setting('app.tenant_id')::uuid)"
PERMISSION = "(select string_to_array(current_setting('app.permissions', true), ' ') && array['leads:read', '*'])"
OWN_LEADS = (
    "((select current_setting('app.role', true) is distinct from 'sales' or not coalesce((select own from bench.tenant "
    f"where tenant_id = {TENANT}), false)) or owner_id is null "
    "or owner_id = (select nullif(current_setting('app.user_id', true), '')::uuid))"
)

POLICIES: dict[str, list[str]] = {
    "policy": [],
    "policy, permission": [f"create policy more on bench.lead as restrictive to tekup_app using ({PERMISSION})"],
    "policy, permission, own leads": [
        f"create policy more on bench.lead as restrictive to tekup_app using ({PERMISSION})",
        f"create policy own on bench.lead as restrictive to tekup_app using ({OWN_LEADS})",
    ],
    "policy, HMAC each statement": [
        "create policy more on bench.lead as restrictive to tekup_app using ((select bench.is_signed()))",
    ],
    "policy, sealed by sequences": [
        f"create policy more on bench.lead as restrictive to tekup_app using ((select {TENANT} = "
        "encode(int8send(currval('bench.high')) || int8send(currval('bench.low')), 'hex')::uuid))",
    ],
}
"""What stands beside the tenant's policy, by name; the first is the form that every table has."""

_SCHEMA = """
create schema bench authorization tekup_owner;
create table bench.lead (
    tenant_id uuid not null, id bigint not null, created_at timestamptz not null, amount_cents bigint not null,
    status text not null, owner_id uuid
);
create table bench.tenant (tenant_id uuid primary key, own boolean not null);
create table bench.key (secret bytea not null);
insert into bench.key values (sha256('a key that only the function reads'));
create unlogged sequence bench.high minvalue -9223372036854775808;
create unlogged sequence bench.low minvalue -9223372036854775808;
create function bench.mac(tenant text, process integer) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select encode(sha256(k.secret || sha256(k.secret || convert_to(tenant || process, 'UTF8'))), 'hex')
    from bench.key as k
$$;
create function bench.is_signed() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return bench.mac(current_setting('app.tenant_id'), pg_backend_pid()) = current_setting('app.mac', true);
end
$$;
create function bench.seal(tenant uuid) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform setval('bench.high', ('x' || left(replace(tenant::text, '-', ''), 16))::bit(64)::bigint);
    perform setval('bench.low', ('x' || right(replace(tenant::text, '-', ''), 16))::bit(64)::bigint);
end
$$;
"""
_RIGHTS = """
alter table bench.lead owner to tekup_owner;
alter table bench.lead enable row level security;
alter table bench.lead force row level security;
grant usage on schema bench to tekup_app;
grant select on bench.lead, bench.tenant to tekup_app;
grant select on sequence bench.high, bench.low to tekup_app;
"""


def tenant_of(number: int) -> str:
    """The id of tenant ``number``; number 0 holds half of all rows."""
    return f"00000000-0000-4000-8000-{number:012x}"


def build(admin: psycopg.Connection, rows: int, tenants: int) -> None:
    """Make the table on the server: half of the rows are one tenant's, the others' are spread evenly."""
    admin.execute(_SCHEMA.encode())
    admin.execute(
        "insert into bench.tenant select ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, false "
        "from generate_series(0, %s - 1) as n",
        (tenants,),
    )
    admin.execute(
        "insert into bench.lead select ('00000000-0000-4000-8000-' || lpad(to_hex(case when n %% 2 = 0 then 0 "
        "else 1 + (n / 2) %% (%s - 1) end), 12, '0'))::uuid, n, timestamptz '2026-01-01' + n * interval '1 second', "
        "n %% 100000, case n %% 4 when 0 then 'won' else 'new' end, null from generate_series(1, %s) as n",
        (tenants, rows),
    )
    admin.execute("alter table bench.lead add primary key (tenant_id, id)")
    admin.execute("create index lead_tenant_created on bench.lead (tenant_id, created_at desc)")
    admin.execute(_RIGHTS.encode())
    admin.execute(f"create policy tenant_isolation on bench.lead to tekup_app using (tenant_id = {TENANT})")
    form = admin.execute("select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'tenant_isolation' "
                         "and polrelid = 'bench.lead'::regclass").fetchone()  # fmt: skip
    assert form == (TENANT_FORM,), form
    admin.execute("vacuum analyze bench.lead")
