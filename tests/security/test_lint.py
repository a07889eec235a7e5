"""The linter finds nothing in a system as it is built, and each of its rules finds what it is for."""

import json

import psycopg
import pytest

from tekup.db import Database
from tekup.db.lint import EXCUSED, Finding, lint_databases, unexcused
from tekup.db.lint_rules import RULES
from tests.security.conftest import System

_TABLE = (
    "create table app.loose (tenant_id uuid not null, id int, primary key (tenant_id, id)); "
    "alter table app.loose enable row level security; alter table app.loose force row level security; "
    "create policy tenant_isolation on app.loose to tekup_owner, tekup_pipeline, tekup_app, tekup_reader "
    "using (tenant_id = (select current_setting('app.tenant_id')::uuid)); "
)
_FUNCTION = "create function app.loose() returns int language sql {} as 'select 1'; "
BREAKS = {
    "table without forced row-level security": "alter table app.leads no force row level security",
    "table without a policy that opens rows": "drop policy tenant_isolation on app.leads; "
    "drop policy tenant_isolation_without_people on app.leads",
    "table without a tenant": "create table app.loose (id int)",
    "tenant table that its roles reach without the tenant's policy": _TABLE
    + "drop policy tenant_isolation on app.loose; grant select (id) on app.loose to tekup_reader",
    "materialized view": "create materialized view app.loose as select 1 as one",
    "foreign table": "create foreign data wrapper loose; create server loose foreign data wrapper loose; "
    "create foreign table app.loose (tenant_id uuid) server loose",
    "view with its owner's rights": "create view app.loose as select * from app.leads",
    "index that does not begin with the tenant": "create index on app.leads (created_at)",
    "foreign key without the tenant": _TABLE
    + "create table app.child (tenant_id uuid, other uuid references app.tenants)",
    "exclusion constraint without the tenant": _TABLE
    + "alter table app.loose add exclude using btree (id with operator(pg_catalog.=))",
    "rewrite rule": _TABLE + "create rule loose as on insert to app.loose do also nothing",
    "counter that tells how much others write": _TABLE
    + "alter table app.loose add column n int generated always as identity; grant select on app.loose to tekup_app",
    "policy for everybody": "create policy loose on app.leads as restrictive to public using (status <> '')",
    "policy that opens rows in another form": "alter policy tenant_isolation on app.leads using "
    "(tenant_id = current_setting('app.tenant_id')::uuid)",
    "two policies that open rows for one role": "create policy loose on app.leads to tekup_app using "
    "(tenant_id = (select current_setting('app.tenant_id')::uuid))",
    "policy that closes nothing": "create policy loose on app.leads as restrictive to tekup_app using (true)",
    "policy that calls a function of ours": _FUNCTION.format("immutable")
    + "create policy loose on app.leads as restrictive to tekup_app using (app.loose() = 1)",
    "policy that reads a table without policies": "create table app.loose (id uuid); create policy loose on app.leads "
    "as restrictive to tekup_app using (id in (select l.id from app.loose as l))",
    "function with its owner's rights": _FUNCTION.format("security definer"),
    "function with its owner's rights and a search path of its caller's": _FUNCTION.format("security definer"),
    "function with its owner's rights whose owner is strong": _FUNCTION.format("security definer"),
    "function that anybody may call": _FUNCTION.format(""),
    "function said to be leakproof": _FUNCTION.format("leakproof"),
    "right of everybody": "grant select on app.leads to public",
    "default right of future objects": "alter default privileges in schema app grant select on tables to tekup_reader",
    "role that could get around policies": "alter role tekup_reader bypassrls",
    "role that may become another": "grant tekup_all_tenants to tekup_app",
    "right that policies do not bind": "grant truncate on app.leads to tekup_app",
    "reader that may write": "grant update (status) on app.leads to tekup_reader",
    "queue that others than its worker reach": "grant usage on schema jobs to tekup_app",
    "role that may make objects": "grant create on schema app to tekup_app",
    "secret that readers may read": "grant select (password_hash) on app.users to tekup_reader",
    "extension that reaches beyond the database": "create extension vector",
    "language that is not trusted": "update pg_language set lanpltrusted = false where lanname = 'plpgsql'",
    "stream of changes without policies": "create publication loose for table app.leads",
    "server or user mapping of another database": "create foreign data wrapper loose; "
    "create server loose foreign data wrapper loose",
    "large object": "select lo_create(0)",
}


def test_a_built_system_breaks_no_rule(system: System) -> None:
    assert [str(finding) for finding in lint_databases(system.doors)] == []


def test_every_rule_has_an_example_that_breaks_it() -> None:
    assert set(BREAKS) == {rule.name for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_finds_what_breaks_it(system: System, rule: object) -> None:
    assert rule in RULES
    with system.admin(Database.OPERATIONAL) as admin, admin.transaction(force_rollback=True):
        before = set(admin.execute(rule.query).fetchall())  # type: ignore[attr-defined]
        for statement in BREAKS[rule.name].split("; "):  # type: ignore[attr-defined]
            admin.execute(statement.encode())
        found = set(admin.execute(rule.query).fetchall()) - before  # type: ignore[attr-defined]
        assert [name for name, _ in found if (rule.name, name) not in EXCUSED]  # type: ignore[attr-defined]


def test_an_excuse_that_nothing_needs_is_a_finding() -> None:
    (rule, name), *_ = EXCUSED
    all_but_one = [Finding("x", r, n, "", "") for r, n in EXCUSED if (r, n) != (rule, name)]
    assert [(finding.rule, finding.name) for finding in unexcused(all_but_one)] == [(rule, name)]
    assert all(len(reason) > 10 for reason in EXCUSED.values())


def test_the_command_says_what_is_wrong_and_ends_with_1(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from tekup.commands.db import db

    monkeypatch.setattr("tekup.commands.db.prepared_doors", lambda: system.doors)
    clean = CliRunner().invoke(db, ["lint"])
    assert (clean.exit_code, clean.output.strip()) == (0, f"{len(RULES)} rules, 0 findings")
    with psycopg.connect(system.doors.admin_url(Database.OPERATIONAL), autocommit=True) as admin:
        admin.execute("create index loose on app.leads (created_at)")
        try:
            broken = CliRunner().invoke(db, ["lint", "--json"])
        finally:
            admin.execute("drop index app.loose")
    assert broken.exit_code == 1
    assert [(one["rule"], one["name"]) for one in json.loads(broken.output)] == [
        ("index that does not begin with the tenant", "app.loose")
    ]
