"""Attacks A21 to A34 and A65 to A71: views, functions, shadows, copies, and rights that policies do not bind."""

import re

import psycopg
import pytest
from psycopg import sql

from tekup.db import Database, Role
from tekup.tenancy import TenantContext
from tests.paths import ROOT
from tests.security import probes
from tests.security.conftest import ATTACKERS, System
from tests.security.test_attacks_on_context import leaks
from tests.security.tries import clean, refuse, targets


def test_a21_views_run_with_their_readers_rights(system: System) -> None:
    clean(system, "view with its owner's rights")


def test_a22_a_view_of_an_owner_under_forced_policies_shows_one_tenant(system: System) -> None:
    with system.admin(Database.OPERATIONAL) as admin, admin.transaction(force_rollback=True):
        admin.execute("create view app.by_owner as select tenant_id from app.leads")
        admin.execute("alter view app.by_owner owner to tekup_owner; grant select on app.by_owner to tekup_app")
        probes.become(admin, "tekup_app", TenantContext.system(system.a))
        assert {row[0] for row in admin.execute("select tenant_id from app.by_owner")} == {system.a}


def test_a23_a_leaky_function_on_a_view_is_given_own_rows_alone(system: System) -> None:
    with system.admin(Database.WAREHOUSE) as admin:
        views = [str(r) for r in probes.relations_of(admin) if r.kind == "v" and probes.may(admin, "tekup_reader", r,
                                                                                           "select")]  # fmt: skip
    for view in views:
        assert leaks(system, view) <= {str(system.a)}


def test_a24_materialized_views_are_refused_and_there_are_none(system: System) -> None:
    clean(system, "materialized view")
    with system.doors.all_tenants_transaction(Database.WAREHOUSE, reason="attack") as connection:
        for schema in ("staging", "intermediate", "marts"):
            with pytest.raises(psycopg.errors.RaiseException), connection.transaction():
                connection.execute(f"create materialized view {schema}.m as select * from marts.fct_lead".encode())


def test_a25_functions_with_their_owners_rights_are_known_and_closed(system: System) -> None:
    clean(system, "function with its owner's rights", "function with its owner's rights whose owner is strong",
          "function that anybody may call")  # fmt: skip
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.READER, system.a) as connection:
        refuse(connection, "select * from app.find_sign_in('somebody@example.dk')", "select app.sequence_events(1)")
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.a) as connection:
        for guess in ("%", "", "' or 1=1 --", "*"):
            assert connection.execute("select * from app.find_sign_in(%s)", (guess,)).fetchall() == []


def test_a26_their_search_path_can_not_be_shadowed(system: System) -> None:
    clean(system, "function with its owner's rights and a search path of its caller's")


@pytest.mark.parametrize("role", ATTACKERS)
@pytest.mark.parametrize("database", list(Database))
def test_a27_no_attacker_makes_an_object_that_stands_in_for_another(
    system: System, role: Role, database: Database
) -> None:
    clean(system, "role that may make objects")
    with system.doors.tenant_transaction(database, role, system.a) as connection:
        refuse(connection, "create temporary table leads (id int)", "create table public.leads (id int)",
               "create temporary view leads as select 1", "create schema shadow",
               "create function pg_temp.now() returns int language sql as 'select 1'")  # fmt: skip


def _children(system: System, condition: str) -> list[str]:
    found = []
    for database in Database:
        with system.admin(database) as admin:
            found += [
                row[0]
                for row in admin.execute(
                    (
                        "select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                        f"where c.relkind in ('r', 'p') and {condition} and not (c.relrowsecurity "
                        "and c.relforcerowsecurity "
                        "and exists (select from pg_policy p where p.polrelid = c.oid))"
                    ).encode()
                )
            ]
    return found


def test_a28_partitions_carry_policies(system: System) -> None:
    assert _children(system, "c.relispartition") == []


def test_a29_inheritance_children_carry_policies(system: System) -> None:
    assert _children(system, "not c.relispartition") == []


def test_a30_a_copy_of_a_table_is_secured_as_it_is_made(system: System) -> None:
    copies = ("create table marts.copied as select * from marts.fct_lead",
              "select * into marts.copied from marts.fct_lead",
              "create table marts.copied (like marts.fct_lead including all)")  # fmt: skip
    for copy in copies:
        with system.admin(Database.WAREHOUSE) as admin, admin.transaction(force_rollback=True):
            admin.execute("set local role tekup_all_tenants")
            admin.execute(copy.encode())
            admin.execute("grant select on marts.copied to tekup_reader")
            probes.become(admin, "tekup_reader", TenantContext.system(system.a))
            assert {row[0] for row in admin.execute("select tenant_id from marts.copied")} <= {system.a}
            admin.execute("set local app.tenant_id = ''")
            with pytest.raises(psycopg.errors.InvalidTextRepresentation), admin.transaction():
                admin.execute("select 1 from marts.copied")
    for role in ATTACKERS:
        with system.doors.tenant_transaction(Database.WAREHOUSE, role, system.a) as connection:
            refuse(connection, *copies, "alter table marts.fct_lead set schema public")


def test_a31_nothing_reaches_beyond_the_database(system: System) -> None:
    clean(system, "extension that reaches beyond the database", "server or user mapping of another database",
          "foreign table")  # fmt: skip
    for role in ATTACKERS:
        with system.doors.tenant_transaction(Database.WAREHOUSE, role, system.a) as connection:
            refuse(connection, "create extension vector", "create foreign data wrapper w")


def _each_is_refused(system: System, statement: str) -> int:
    tried = 0
    for _, _, connection, relation in targets(system):
        if relation.kind == "r":
            refuse(connection, sql.SQL(statement).format(r=relation.identifier))  # type: ignore[arg-type]
            tried += 1
    return tried


def test_a32_no_attacker_truncates(system: System) -> None:
    clean(system, "right that policies do not bind")
    assert _each_is_refused(system, "truncate {r} cascade") > 50


def test_a33_no_attacker_installs_a_trigger(system: System) -> None:
    statement = (
        "create trigger t before insert on {r} for each row execute function suppress_redundant_updates_trigger()"
    )
    assert _each_is_refused(system, statement) > 50


def test_a34_readers_lock_no_table_and_what_the_api_locks_ends(system: System) -> None:
    for role, _, connection, relation in targets(system):
        if role is Role.READER and relation.kind == "r":
            refuse(connection, sql.SQL("lock table {} in access exclusive mode").format(relation.identifier))
    for role in ATTACKERS:
        # who may delete rows may lock their table: an abandoned transaction gives the lock back by itself
        with system.doors.connect(Database.OPERATIONAL, role) as connection:
            row = connection.execute("select current_setting('idle_in_transaction_session_timeout')").fetchone()
        assert row == ("1min",)


def test_a65_no_attacker_changes_a_definition(system: System) -> None:
    changes = (
        "alter table {} disable row level security", "alter table {} no force row level security",
        "drop policy tenant_isolation on {}", "create policy p on {} using (true)", "drop table {}",
        "alter table {} owner to current_user", "alter table {} set schema public",
        "create event trigger e on ddl_command_start execute function pg_catalog.suppress_redundant_updates_trigger()",
    )  # fmt: skip
    for role, database, table in (
        (Role.APP, Database.OPERATIONAL, "app.leads"),
        (Role.APP, Database.WAREHOUSE, "marts.fct_lead"),
        (Role.READER, Database.WAREHOUSE, "marts.fct_lead"),
    ):
        with system.doors.tenant_transaction(database, role, system.a) as connection:
            refuse(connection, *(change.format(table) for change in changes))


def test_a66_no_attacker_brings_a_language_or_an_extension(system: System) -> None:
    clean(system, "language that is not trusted")
    for role in ATTACKERS:
        with system.doors.tenant_transaction(Database.OPERATIONAL, role, system.a) as connection:
            refuse(connection, "create extension vector",
                   "create language other handler plpgsql_call_handler")  # fmt: skip


def test_a67_no_future_table_is_open_by_default(system: System) -> None:
    clean(system, "default right of future objects", "right of everybody")


def test_a68_secrets_are_closed_by_column(system: System) -> None:
    clean(system, "secret that readers may read")
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.READER, system.a) as connection:
        refuse(connection, "select password_hash from app.users", "select secret_hash from app.api_tokens",
               "select credential_sealed from app.connections")  # fmt: skip
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, system.a) as connection:
        refuse(connection, "select password_hash from app.users", "select key_hash from app.webhook_endpoint")


def test_a69_a_row_never_changes_its_tenant(system: System) -> None:
    tried = 0
    for _, _, connection, relation in targets(system, "update"):
        statement = sql.SQL("update {} set tenant_id = %s").format(relation.identifier)
        with (
            pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)),
            connection.transaction(),
        ):
            connection.execute(statement, (system.b,))
        tried += 1
    assert tried > 15


def test_a70_what_policies_read_is_under_policies_itself(system: System) -> None:
    clean(system, "policy that reads a table without policies")


def test_a71_each_migration_secures_its_tables_in_the_transaction_that_makes_them() -> None:
    for folder in (ROOT / "serving" / "migrations", ROOT / "pipelines" / "migrations"):
        assert "autocommit" not in "".join(path.read_text() for path in folder.rglob("*.py"))
        for path in sorted((folder / "versions").glob("*.sql")):
            text = path.read_text()
            made = re.findall(r"create table (?!raw_ecb|ops\.stage|ml\.model_)((?:app|ops|ml|raw_\w+)\.\w+)", text)
            assert not made or "enable row level security" in text or "ops.secure_relation" in text, path.name
