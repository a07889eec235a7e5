"""Attacks A01 to A20: tables left open, roles that are too strong, and every way to lose or change the tenant."""

import asyncio
import re
import threading
from itertools import product
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from serving.kit.databases import Databases
from tekup.db import Database, Role, bound
from tekup.db.lint import EXCUSED
from tekup.tenancy import TenantContext, begin_statement
from tests.paths import ROOT
from tests.security import probes
from tests.security.conftest import ATTACKERS, System
from tests.security.tries import clean, others_rows, refuse, targets

COUNT = sql.SQL("select count(*), count(*) filter (where tenant_id is distinct from %s) from {}")
LEADS = "select tenant_id from app.leads"


def test_a01_no_table_stands_without_policies_and_no_reader_reaches_one_that_has_no_tenant(system: System) -> None:
    clean(system, "table without forced row-level security", "table without a tenant",
          "table without a policy that opens rows",
          "tenant table that its roles reach without the tenant's policy")  # fmt: skip
    seen = sum(others_rows(connection, relation, system, "select tenant_id from {r}")
               for _, _, connection, relation in targets(system))  # fmt: skip
    assert seen == 0


def test_a02_policies_are_switched_on_wherever_they_exist(system: System) -> None:
    for database in Database:
        with system.admin(database) as admin:
            sleeping = admin.execute(
                "select c.oid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid "
                "where not (c.relrowsecurity and c.relforcerowsecurity)"
            ).fetchall()
        assert sleeping == []


@pytest.mark.parametrize("database", list(Database))
def test_a03_the_owner_of_tables_is_bound_too(system: System, database: Database) -> None:
    with system.admin(database) as admin:
        relations = probes.relations_of(admin)
    with system.doors.tenant_transaction(database, Role.OWNER, system.a) as connection:
        for relation in relations:
            with connection.transaction():
                if relation.schema in ("app", "ml", "ops", "raw_kit") and relation.kind == "r":
                    row = connection.execute(COUNT.format(relation.identifier), (system.a,)).fetchone()
                    assert row is not None
                    assert row[1] == 0, str(relation)


def test_a04_no_service_logs_in_as_a_role_that_bypasses_policies(system: System) -> None:
    clean(system, "role that could get around policies")
    for database in Database:
        for role in Role:
            with system.doors.connect(database, role) as connection:
                row = connection.execute(
                    "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = session_user"
                ).fetchone()
            assert row == (role.login, False)


@pytest.mark.parametrize("role", ATTACKERS)
def test_a05_no_attacker_becomes_another_role(system: System, role: Role) -> None:
    clean(system, "role that may become another")
    with system.doors.connect(Database.WAREHOUSE, role) as connection:
        names = [r[0] for r in connection.execute("select rolname from pg_roles where rolname <> session_user")]
        assert len(names) > 10
        for name in names:
            quoted = sql.Identifier(name)
            refuse(connection, sql.SQL("set role {}").format(quoted),
                   sql.SQL("set session authorization {}").format(quoted))  # fmt: skip


def test_a06_row_security_off_raises(system: System) -> None:
    for _, _, connection, relation in targets(system):
        if relation.kind == "r":
            connection.execute("set local row_security = off")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(sql.SQL("select 1 from {} limit 1").format(relation.identifier))


@pytest.mark.parametrize("role", ATTACKERS)
def test_a07_an_injected_expression_can_not_switch_the_tenant(system: System, role: Role) -> None:
    with system.doors.tenant_transaction(Database.OPERATIONAL, role, system.a) as connection:
        for variable in ("app.tenant_id", "app.role", "app.permissions", "app.user_id"):
            refuse(
                connection,
                f"select set_config('{variable}', '{system.b}', true)",
                f"select pg_catalog.set_config('{variable}', '{system.b}', false)",
                f"update pg_settings set setting = '{system.b}' where name = '{variable}'",
                f"select query_to_xml($$select set_config('{variable}', '{system.b}', true)$$, true, true, '')",
            )
        # a statement with parameters, as the API sends all that hold a caller's values, can't carry a second one
        with pytest.raises(psycopg.errors.SyntaxError, match="multiple commands"), connection.transaction():
            connection.execute(f"select %s; set local app.tenant_id = '{system.b}'".encode(), ("x",))


def test_a08_one_statement_that_sets_and_then_reads_is_refused(system: System) -> None:
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.a) as connection:
        refuse(
            connection,
            f"with s as materialized (select set_config('app.tenant_id', '{system.b}', true)) "
            "select l.tenant_id from s, app.leads as l",
        )


def test_a09_a_tenant_left_in_the_session_does_not_reach_the_next_transaction(system: System) -> None:
    with system.doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        connection.execute(f"set app.tenant_id = '{system.b}'")
        with bound(connection, system.a):
            assert {row[0] for row in connection.execute(LEADS.encode())} == {system.a}


def test_a10_a_context_lives_in_its_transaction_alone_whatever_pools_the_connection(system: System) -> None:
    statement = begin_statement(TenantContext(system.a, "sales", frozenset({"leads:read"}), system.b))
    commands = [part.strip().split(" ")[:2] for part in statement.split(";")]
    assert commands[0][0] == "BEGIN"
    assert all(command == ["SET", "LOCAL"] for command in commands[1:])
    with system.doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        with bound(connection, system.a):
            pass
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute(LEADS.encode())


def test_a11_no_context_is_an_error_and_an_unknown_tenant_sees_nothing(system: System) -> None:
    found = [(database, role, relation) for role, database, _, relation in targets(system) if relation.kind == "r"]
    for database, role in {(database, role) for database, role, _ in found}:
        with system.doors.connect(database, role) as connection:
            for relation in (r for d, o, r in found if (d, o) == (database, role)):
                statement = sql.SQL("select 1 from {} limit 1").format(relation.identifier)
                # a plan by an index comes to the tenant by itself; one that scans asks the policies in turn
                for setting, by_index in product((None, "''", "'null'"), ("on", "off")):
                    with connection.transaction(force_rollback=True):
                        connection.execute(f"set local enable_indexscan = {by_index}".encode())
                        connection.execute(f"set local enable_bitmapscan = {by_index}".encode())
                        connection.execute(f"set local enable_indexonlyscan = {by_index}".encode())
                        if setting is not None:
                            connection.execute(f"set local app.tenant_id = {setting}".encode())
                        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
                            connection.execute(statement)
                with bound(connection, UUID(int=0)):
                    assert connection.execute(statement).fetchall() == []


def test_a12_no_policy_has_a_branch_for_callers_without_a_tenant(system: System) -> None:
    clean(system, "policy that opens rows in another form", "policy for everybody")


def test_a13_savepoints_and_caught_errors_keep_the_tenant(system: System) -> None:
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.a) as connection:
        for statement in ("select 1/0", "select 'x'::int"):
            with pytest.raises(psycopg.DataError), connection.transaction():
                connection.execute(statement.encode())
        connection.execute(
            "do $$ begin perform 1/0; exception when division_by_zero then perform 1 from app.leads; end $$"
        )
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local app.tenant_id = '{system.b}'")
        assert {row[0] for row in connection.execute(LEADS.encode())} == {system.a}


def test_a14_tasks_and_threads_that_share_pools_keep_their_own_tenants(system: System) -> None:
    wrong: list[object] = []

    async def read(databases: Databases, tenant: UUID) -> None:
        from sqlalchemy import text

        for _ in range(15):
            async with databases.operational(TenantContext.system(tenant)) as session:
                await asyncio.sleep(0)
                seen = {row[0] for row in await session.execute(text(LEADS))}
                wrong.extend(seen - {tenant})

    async def scenario() -> None:
        databases = Databases(system.doors)
        try:
            await asyncio.gather(*(read(databases, (system.a, system.b)[n % 2]) for n in range(24)))
        finally:
            await databases.close()

    threads = [threading.Thread(target=lambda: asyncio.run(scenario())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a15_no_cursor_outlives_its_transaction(system: System) -> None:
    # PostgreSQL keeps the rows of a cursor WITH HOLD for whoever uses the connection next: the product opens none
    holding = re.compile(r"with\s+hold|withhold\s*=\s*True|scrollable.*hold", re.IGNORECASE)
    found = [
        str(path.relative_to(ROOT))
        for package in ("tekup", "serving", "pipelines", "dashboards", "integrations", "dbt")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".sql") and holding.search(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("role", ATTACKERS)
def test_a16_a_plan_that_is_kept_shows_each_tenant_its_own(system: System, role: Role) -> None:
    clean(system, "policy that calls a function of ours")
    with system.doors.connect(Database.WAREHOUSE, role) as connection:
        for turn in range(12):
            tenant = (system.a, system.b)[turn // 6]
            with bound(connection, tenant):
                rows = connection.execute("select tenant_id from marts.fct_lead", prepare=True).fetchall()
            assert {row[0] for row in rows} == {tenant}


def test_a17_a_plan_made_as_one_role_is_not_run_as_another(system: System) -> None:
    statement = "select tenant_id from marts.fct_lead"
    with system.doors.connect(Database.WAREHOUSE, Role.PIPELINE) as connection:
        for turn in range(14):
            wide = turn % 2
            with bound(connection, system.a):
                if wide:
                    connection.execute("set local role tekup_all_tenants")
                seen = {row[0] for row in connection.execute(statement, prepare=True)}
            assert seen == ({system.a, system.b} if wide else {system.a})


def test_a18_no_function_is_said_to_be_leakproof(system: System) -> None:
    clean(system, "function said to be leakproof")


def leaks(system: System, relation: str) -> set[str]:
    """What a cheap function that tells each value it is given gets to see of a relation as tenant A."""
    told: set[str] = set()
    with system.admin(Database.WAREHOUSE) as admin, admin.transaction(force_rollback=True):
        admin.add_notice_handler(lambda notice: told.add(str(notice.message_primary)))
        admin.execute(
            "create function public.tell(value text) returns boolean language plpgsql cost 0.0000001 as "
            "$$ begin raise notice '%', value; return true; end $$"
        )
        admin.execute("grant usage on schema public to tekup_reader")
        probes.become(admin, "tekup_reader", TenantContext.system(system.a))
        admin.execute(f"select count(*) from {relation} where public.tell(tenant_id::text)".encode())
    return told


def test_a19_a_leaky_function_is_given_own_rows_alone(system: System) -> None:
    for relation in ("marts.fct_lead", "marts.dim_contact", "ml.lead_score"):
        assert leaks(system, relation) == {str(system.a)}


def test_a20_errors_of_an_expression_tell_nothing_of_others(system: System) -> None:
    for _, _, connection, relation in targets(system):
        statement = sql.SQL("select count(*) from {} where 1 / (case when tenant_id = %s then 0 else 1 end) = 1")
        with connection.transaction():
            assert connection.execute(statement.format(relation.identifier), (system.b,)).fetchone() is not None


def test_every_excuse_names_a_rule_that_exists() -> None:
    from tekup.db.lint_rules import RULES

    assert {rule for rule, _ in EXCUSED} <= {rule.name for rule in RULES}
