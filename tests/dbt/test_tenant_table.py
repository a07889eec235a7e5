"""How tables are made and written again: guarded from the first moment, never replaced, touched only where they changed."""

import random
import signal
import subprocess
import time

import psycopg
import pytest

from tekup.db import Database, Role
from tests.dbt.build import DBT, dbt_command
from tests.dbt.conftest import Warehouse
from tests.dbt.rows import LEAD

_GUARDS = """
select n.nspname || '.' || c.relname as name, c.oid::text, c.relrowsecurity and c.relforcerowsecurity,
    (select string_agg(p.polname, ',' order by p.polname) from pg_policy p where p.polrelid = c.oid),
    (select string_agg(distinct g.grantee::regrole::text, ',' order by g.grantee::regrole::text)
     from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g where g.privilege_type = 'SELECT')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('marts', 'intermediate') and c.relkind = 'r' order by 1
"""
_OF_PEOPLE = """
select distinct n.nspname || '.' || c.relname
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname = 'marts' and c.relkind = 'r' and a.attnum > 0 and ops.privacy_of(c.oid, a.attname) <> ''
"""
_WRITERS = "select touchpoint_id, tenant_id, xmin::text from marts.fct_touchpoint order by 1, 2"


def change(warehouse: Warehouse, statement: str, *values: object) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change rows") as connection:
        connection.execute(statement.encode(), values)


def test_every_relation_keeps_tenants_apart_and_is_open_only_to_whom_it_is_granted(warehouse: Warehouse) -> None:
    tables = warehouse.rows(_GUARDS)
    assert len(tables) > 21
    of_people = {name for (name,) in warehouse.rows(_OF_PEOPLE)}
    assert {"marts.dim_contact", "marts.fct_lead"} <= of_people
    for name, _, is_secured, policies, readers in tables:
        assert is_secured, name
        wanted = ["all_tenants_build"]
        if "int_exchange_rate_daily" not in str(name):
            wanted += ["tenant_isolation"]
        if name in of_people:
            wanted += ["people_by_permission", "tenant_isolation_without_people"]
        assert policies == ",".join(sorted(wanted)), name
        granted = {"tekup_all_tenants"}
        if str(name).startswith("marts."):
            granted |= {"tekup_app", "tekup_pipeline", "tekup_reader"}
        elif not str(name).endswith("__change"):
            granted |= {"tekup_pipeline"}
        assert set(str(readers).split(",")) == granted, name
    without = warehouse.rows(
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname in ('marts', 'intermediate') and c.relkind = 'r' and c.relname not like 'int_exchange_rate%' "
        "and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)"
    )
    assert without == []


def test_a_later_build_keeps_the_tables_and_writes_only_rows_that_changed(warehouse: Warehouse) -> None:
    before, written = warehouse.rows(_GUARDS), warehouse.rows(_WRITERS)
    change(warehouse, "update raw_operational.touchpoints set device = 'phone', synced_at = now() "
                      "where tenant_id = %s and id = (select min(id::text)::uuid from raw_operational.touchpoints)",
           warehouse.a)  # fmt: skip
    warehouse.build("run", "--exclude", "staging")
    assert warehouse.rows(_GUARDS) == before
    changed = set(warehouse.rows(_WRITERS)) - set(written)
    assert len(changed) == 1
    warehouse.build("run", "--full-refresh", "--select", "fct_touchpoint")
    assert warehouse.rows(_GUARDS) == before
    assert set(warehouse.rows(_WRITERS)) - set(written) == changed


def test_other_columns_take_the_tables_place_without_a_moment_without_guards(warehouse: Warehouse) -> None:
    guards = {row[0]: row[2:] for row in warehouse.rows(_GUARDS)}
    rows = warehouse.rows("select charge_id, amount_cents from marts.fct_charge order by tenant_id, 1")
    change(warehouse, "alter table marts.fct_charge add column left_over text")
    with warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.b) as connection:
        assert set(connection.execute("select left_over from marts.fct_charge").fetchall()) == {(None,)}
    warehouse.build("run", "--full-refresh", "--select", "fct_charge")
    assert {row[0]: row[2:] for row in warehouse.rows(_GUARDS)} == guards
    assert warehouse.rows("select charge_id, amount_cents from marts.fct_charge order by tenant_id, 1") == rows
    with (
        warehouse.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, warehouse.b) as connection,
        pytest.raises(psycopg.errors.UndefinedColumn),
    ):
        connection.execute("select left_over from marts.fct_charge")


def test_a_build_that_failed_is_retried_to_the_same_result(warehouse: Warehouse) -> None:
    change(warehouse, "update raw_stripe.charges set payload = payload || '{\"amount\": 777}', deleted_at = null, synced_at = now() "
                      "where tenant_id = %s", warehouse.b)  # fmt: skip
    with psycopg.connect(warehouse.doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        admin.execute("alter table marts.fct_charge add constraint broken check (amount_cents <> 777)")
        with pytest.raises(AssertionError, match="broken"):
            warehouse.build("run", "--select", "fct_charge", "fct_refund")
        admin.execute("alter table marts.fct_charge drop constraint broken")
    warehouse.build("retry")
    found = warehouse.rows("select distinct amount_cents from marts.fct_charge where tenant_id::text like 'b%'")
    assert found == [(777,)]


@pytest.mark.slow
def test_a_build_killed_at_any_moment_leaves_guarded_whole_tables(warehouse: Warehouse) -> None:
    guards = warehouse.rows(_GUARDS)
    counts = "select (select count(*) from marts.fct_lead), (select count(*) from marts.fct_touchpoint)"
    whole = warehouse.rows(counts)
    chance = random.Random(4)
    for _ in range(2):
        change(warehouse, "update raw_operational.touchpoints set synced_at = now()")
        running = subprocess.Popen(
            [str(DBT), *dbt_command(warehouse.target, "run", "--full-refresh")],
            env=warehouse.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(chance.uniform(4, 7))
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert warehouse.rows(counts) == whole
    change(warehouse, "update raw_operational.leads set job_title = 'Chef', synced_at = now() where id = %s", LEAD)
    warehouse.build("run")
    assert warehouse.rows(_GUARDS) == guards
    titles = warehouse.rows(f"select distinct job_title from marts.fct_lead where lead_id = '{LEAD}'")
    assert titles == [("Chef",)]
