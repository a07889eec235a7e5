"""Attacks A72 to A78: windows while dbt builds, what builds leave behind, caches and models."""

import ast
import re
from pathlib import Path

import psycopg
import pytest

from dashboards.cache import per_tenant
from tekup.db import Database, Role
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT
from tests.security import probes
from tests.security.conftest import System
from tests.security.tries import clean

BARE = (
    "select count(*) from pg_class c where c.relnamespace = 'marts'::regnamespace and c.relname = 'attacked' "
    "and (c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity "
    "and exists (select from pg_policy p where p.polrelid = c.oid)) or c.relkind = 'v' "
    "and not coalesce('security_invoker=true' = any(c.reloptions), false))"
)


def test_a72_a_rebuilt_table_without_any_hook_is_secured(system: System) -> None:
    with system.admin(Database.WAREHOUSE) as admin, admin.transaction(force_rollback=True):
        admin.execute("set local role tekup_all_tenants")
        for _ in range(2):
            admin.execute("create table marts.attacked as select * from marts.fct_lead")
            assert admin.execute(BARE.encode()).fetchone() == (0,)
            admin.execute("drop table marts.attacked cascade")


def test_a73_nothing_of_dbt_runs_after_its_commit() -> None:
    late = re.compile(r"after_commit|transaction\s*:\s*false", re.IGNORECASE)
    folders = ("models", "snapshots", "seeds", "tests")
    files = [ROOT / "dbt" / "dbt_project.yml"]
    files += [path for folder in folders for path in (ROOT / "dbt" / folder).rglob("*") if path.is_file()]
    assert len(files) > 100
    assert [str(path) for path in files if late.search(path.read_text())] == []


def test_a74_a_table_is_secured_before_another_session_can_see_it(system: System) -> None:
    with system.doors.all_tenants_transaction(Database.WAREHOUSE, reason="attack") as connection:
        connection.execute("create table marts.attacked as select * from marts.fct_lead")
        connection.execute("grant select on marts.attacked to tekup_reader")
    try:
        with system.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, system.a) as connection:
            assert {row[0] for row in connection.execute("select tenant_id from marts.attacked")} == {system.a}
    finally:
        with system.doors.all_tenants_transaction(Database.WAREHOUSE, reason="attack") as connection:
            connection.execute("drop table marts.attacked cascade")


def test_a75_a_view_made_anew_runs_with_its_readers_rights(system: System) -> None:
    with system.admin(Database.WAREHOUSE) as admin, admin.transaction(force_rollback=True):
        admin.execute("set local role tekup_all_tenants")
        body = "view marts.attacked as select tenant_id from marts.fct_lead"
        for statement in (f"create {body}", f"create or replace {body} limit 5"):
            admin.execute(statement.encode())
            assert admin.execute(BARE.encode()).fetchone() == (0,)
        admin.execute("grant select on marts.attacked to tekup_reader")
        probes.become(admin, "tekup_reader", TenantContext.system(system.a))
        assert {row[0] for row in admin.execute("select tenant_id from marts.attacked")} == {system.a}


def test_a76_what_a_killed_build_leaves_behind_is_secured_too(system: System) -> None:
    clean(system, "table without forced row-level security", "view with its owner's rights")
    for name in ("fct_lead__dbt_tmp", "fct_lead__dbt_backup", "fct_lead__change"):
        with system.admin(Database.WAREHOUSE) as admin, admin.transaction(force_rollback=True):
            admin.execute("set local role tekup_all_tenants")
            admin.execute(f"create table if not exists marts.{name} as select * from marts.fct_lead".encode())
            row = admin.execute(f"select relrowsecurity and relforcerowsecurity from pg_class where oid = "
                                f"'marts.{name}'::regclass".encode()).fetchone()  # fmt: skip
            assert row == (True,)
            for login in ("tekup_reader", "tekup_app"):
                admin.execute("reset role")
                probes.become(admin, login, TenantContext.system(system.a))
                with pytest.raises(psycopg.errors.InsufficientPrivilege), admin.transaction():
                    admin.execute(f"select 1 from marts.{name}".encode())


def test_a77_every_cached_call_of_the_dashboards_is_keyed_by_the_tenant() -> None:
    remembered, loose = [], []
    for path in (ROOT / "dashboards").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("cache_data", "cache_resource"):
                loose.append(path.name)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "per_tenant":
                remembered.append(ast.unparse(node.args[0]))
    assert len(remembered) > 30
    assert loose == ["cache.py"], "Streamlit's cache is asked in one place alone, which puts the tenant into each key"
    for function in (lambda name: name, lambda name, tenant_id: name):
        with pytest.raises(TypeError, match="the first parameter of a cached query must be tenant_id"):
            per_tenant(function)


def test_a78_a_model_holds_no_row_of_those_it_learned_from(
    live_version: str, two_tenants: TwoTenants, settings: object
) -> None:
    folder = Path(settings.models_of("lead_score"))  # type: ignore[attr-defined]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for tenant in (two_tenants.a, two_tenants.b):
            assert f"@{tenant.domain}".encode() not in content, path
