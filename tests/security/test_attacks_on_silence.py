"""Attacks A35 to A64: what keys, errors, copies, statistics, counters and clocks could tell of another tenant."""

import re
import subprocess
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tekup.db import Database, Role
from tekup.db.embedded import client_program
from tests.paths import ROOT
from tests.security import probes
from tests.security.conftest import ATTACKERS, System
from tests.security.tries import clean, others_rows, refuse, targets

ONLY_B = UUID("bbbbbbbb-0000-0000-0000-0000000000b1")


@pytest.fixture
def as_a(system: System) -> Iterator[psycopg.Connection]:
    """The API's connection in A's transaction; B has a company and a contact under an id of its own."""
    statement = "insert into app.companies (tenant_id, id, name) values (%s, %s, 'B only')"
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.b) as connection:
        connection.execute(statement, (system.b, ONLY_B))
    with (
        system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.a) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.b) as connection:
        connection.execute("delete from app.companies where id = %s", (ONLY_B,))


def test_a35_no_unique_key_tells_whether_another_tenant_has_a_value(system: System) -> None:
    clean(system, "index that does not begin with the tenant")


def test_a36_an_upsert_on_anothers_key_makes_an_own_row(system: System, as_a: psycopg.Connection) -> None:
    for action in ("do update set name = 'changed'", "do nothing"):
        with as_a.transaction(force_rollback=True):
            done = as_a.execute(
                f"insert into app.companies (tenant_id, id, name) values (%s, %s, 'A') "
                f"on conflict (tenant_id, id) {action}"
                .encode(), (system.a, ONLY_B),
            )  # fmt: skip
            assert done.rowcount == 1


def test_a37_no_foreign_key_leaves_the_tenant_out(system: System) -> None:
    clean(system, "foreign key without the tenant")


def test_a38_a_reference_to_anothers_row_is_refused_as_one_to_nothing_is(
    system: System, as_a: psycopg.Connection
) -> None:
    told = []
    for company in (ONLY_B, UUID(int=5)):
        with pytest.raises(psycopg.errors.ForeignKeyViolation) as caught, as_a.transaction():
            as_a.execute("insert into app.contacts (tenant_id, company_id) values (%s, %s)", (system.a, company))
        told.append(str(caught.value.diag.message_detail).replace(str(company), "id"))
    assert told[0] == told[1]


def test_a39_a_deletion_does_not_reach_anothers_rows(system: System, as_a: psycopg.Connection) -> None:
    contact = UUID(int=77)
    with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.b) as connection:
        connection.execute("insert into app.contacts (tenant_id, id, company_id) values (%s, %s, %s)",
                           (system.b, contact, ONLY_B))  # fmt: skip
    try:
        as_a.execute("insert into app.companies (tenant_id, id, name) values (%s, %s, 'A too')", (system.a, ONLY_B))
        assert as_a.execute("delete from app.companies where id = %s", (ONLY_B,)).rowcount == 1
        with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.b) as connection:
            row = connection.execute("select company_id from app.contacts where id = %s", (contact,)).fetchone()
        assert row == (ONLY_B,)
    finally:
        with system.doors.tenant_transaction(Database.OPERATIONAL, Role.APP, system.b) as connection:
            connection.execute("delete from app.contacts where id = %s", (contact,))


def test_a40_no_exclusion_or_check_looks_at_others(system: System) -> None:
    clean(system, "exclusion constraint without the tenant")
    for database in Database:
        with system.admin(database) as admin:
            calling = admin.execute(
                "select k.conrelid::regclass::text from pg_constraint k join pg_depend d on d.objid = k.oid and "
                "d.classid = 'pg_constraint'::regclass and d.refclassid = 'pg_proc'::regclass "
                "where k.contype = 'c' and k.connamespace::regnamespace::text <> 'jobs'"
            ).fetchall()
        assert calling == []


def _writes(system: System, word: str) -> list[str]:
    faults: list[str] = []
    for database in Database:
        with system.admin(database) as admin, admin.transaction(force_rollback=True):
            for relation in probes.relations_of(admin):
                for login in ("tekup_app", "tekup_reader", "tekup_pipeline"):
                    faults += [f for f in probes.wrong_writes(admin, relation, login, system.a, system.b) if word in f]
    return faults


def test_a41_no_row_is_made_for_another_tenant(system: System) -> None:
    assert _writes(system, "insert") == []


def test_a42_no_row_is_moved_to_another_tenant(system: System) -> None:
    for _, _, connection, relation in targets(system, "update"):
        with pytest.raises(psycopg.Error), connection.transaction():
            connection.execute(
                sql.SQL("update {} set tenant_id = %s returning *").format(relation.identifier), (system.b,)
            )


def test_a43_no_row_of_another_tenant_is_changed_or_deleted(system: System) -> None:
    assert _writes(system, "update") + _writes(system, "delete") == []


def test_a44_no_policy_opens_everything_to_a_role_that_logs_in(system: System) -> None:
    clean(system, "policy that opens rows in another form")


def test_a45_what_may_be_written_is_scoped_as_what_may_be_read(system: System) -> None:
    for database in Database:
        with system.admin(database) as admin:
            loose = admin.execute(
                "select p.polrelid::regclass::text from pg_policy p where p.polname = 'tenant_isolation' and "
                "pg_get_expr(p.polwithcheck, p.polrelid) is distinct from pg_get_expr(p.polqual, p.polrelid)"
            ).fetchall()
        assert loose == []


def test_a46_a_merge_does_not_match_anothers_row(system: System, as_a: psycopg.Connection) -> None:
    done = as_a.execute(
        "merge into app.companies c using (values (%s::uuid, %s::uuid)) as v (t, i) "
        "on c.tenant_id = v.t and c.id = v.i "
        "when matched then update set name = 'x'", (system.b, ONLY_B),
    )  # fmt: skip
    assert done.rowcount == 0


def test_a47_no_row_is_without_a_tenant(system: System, as_a: psycopg.Connection) -> None:
    clean(system, "table without a tenant")
    with pytest.raises(psycopg.Error) as caught, as_a.transaction():
        as_a.execute("insert into app.companies (name) values ('nobody')")
    assert isinstance(caught.value, psycopg.errors.InsufficientPrivilege | psycopg.errors.NotNullViolation)


def test_a48_one_policy_opens_rows_for_a_role(system: System) -> None:
    clean(system, "two policies that open rows for one role")


def test_a49_no_policy_is_dead_and_no_table_silently_empty(system: System) -> None:
    clean(system, "policy that closes nothing", "table without a policy that opens rows")


def test_a50_copy_into_a_table_is_refused(system: System) -> None:
    tried = 0
    for _, _, connection, relation in targets(system, "insert"):
        if relation.kind == "r":
            with (
                pytest.raises((psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege)),
                connection.transaction(),
                connection.cursor().copy(sql.SQL("copy {} from stdin").format(relation.identifier)),
            ):
                pass
            tried += 1
    assert tried > 15


@pytest.mark.parametrize("role", ATTACKERS)
def test_a51_copy_gives_own_rows_and_no_file_or_program(system: System, role: Role) -> None:
    with system.doors.tenant_transaction(Database.WAREHOUSE, role, system.a) as connection:
        with connection.cursor().copy("copy (select tenant_id from marts.fct_lead) to stdout") as copy:
            assert set(b"".join(copy).decode().split()) == {str(system.a)}
        refuse(connection, "copy (select 1) to program 'cat'", "copy (select 1) to '/tmp/stolen'",
               "copy marts.fct_lead from program 'cat'")  # fmt: skip


@pytest.mark.parametrize("role", ATTACKERS)
def test_a52_a_dump_as_a_service_fails(system: System, role: Role) -> None:
    done = subprocess.run(
        [client_program("pg_dump"), "--data-only", "--table", "marts.fct_lead",
         system.doors.url(Database.WAREHOUSE, role)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert str(system.b) not in done.stdout


@pytest.mark.parametrize("role", ATTACKERS)
def test_a53_no_attacker_follows_the_stream_of_changes(system: System, role: Role) -> None:
    clean(system, "stream of changes without policies", "role that could get around policies")
    with system.doors.connect(Database.WAREHOUSE, role) as connection:
        refuse(connection, "create publication p for all tables")
        with pytest.raises(psycopg.Error):
            connection.execute("select pg_create_logical_replication_slot('s', 'pgoutput')")


@pytest.mark.parametrize("role", ATTACKERS)
def test_a54_statistics_of_values_are_hidden(system: System, role: Role) -> None:
    with system.admin(Database.WAREHOUSE) as admin:
        admin.execute("analyze marts.fct_lead")
    with system.doors.tenant_transaction(Database.WAREHOUSE, role, system.a) as connection:
        assert connection.execute("select count(*) from pg_stats where schemaname = 'marts'").fetchone() == (0,)
        assert connection.execute("select count(*) from pg_stats_ext where schemaname = 'marts'").fetchone() == (0,)
        refuse(connection, "select * from pg_statistic", "select * from pg_statistic_ext_data")


def test_a55_no_partition_has_statistics_to_be_asked_for(system: System) -> None:
    for database in Database:
        with system.admin(database) as admin:
            assert admin.execute("select count(*) from pg_class where relispartition and relkind = 'r' and not "
                                 "relrowsecurity").fetchone() == (0,)  # fmt: skip


def test_a56_sizes_tell_each_tenant_the_same(system: System) -> None:
    # the size of a whole table can't be hidden in PostgreSQL; that it differs by tenant would be the leak
    statement = (
        "select relname, reltuples, relpages from pg_class where relnamespace = 'marts'::regnamespace order by 1"
    )
    seen = []
    for tenant in (system.a, system.b):
        with system.doors.tenant_transaction(Database.WAREHOUSE, Role.READER, tenant) as connection:
            seen.append(connection.execute(statement.encode()).fetchall())
    assert seen[0] == seen[1]


def test_a57_no_counter_tells_how_much_others_write(system: System) -> None:
    clean(system, "counter that tells how much others write")
    for role in ATTACKERS:
        for database in Database:
            with system.admin(database) as admin:
                names = [row[0] for row in admin.execute(
                    "select oid::regclass::text from pg_class where relkind = 'S'").fetchall()]  # fmt: skip
            with system.doors.tenant_transaction(database, role, system.a) as connection:
                for name in names:
                    refuse(connection, f"select last_value from {name}")


def test_a58_physical_looks_find_own_rows_alone(system: System) -> None:
    looks = ("select tenant_id, ctid, xmin from {r}", "select tenant_id from {r} where ctid >= '(0,0)'",
             "select tenant_id from {r} tablesample system (100)")  # fmt: skip
    for _, _, connection, relation in targets(system):
        if relation.kind == "r":
            with connection.transaction():
                for look in looks:
                    try:
                        with connection.transaction():
                            found = others_rows(connection, relation, system, look)
                    except psycopg.errors.InsufficientPrivilege:
                        continue
                    assert found == 0
    for _, _, connection, relation in targets(system, "update"):
        with connection.transaction():
            try:
                with connection.transaction():
                    found = others_rows(connection, relation, system, "select tenant_id from {r} for update")
            except psycopg.errors.InsufficientPrivilege:
                continue
            assert found == 0


def test_a59_functions_that_run_queries_run_them_as_their_caller(system: System) -> None:
    calls = (
        "ts_stat('select to_tsvector(''simple'', tenant_id::text) from marts.fct_lead')",
        "query_to_xml('select tenant_id from marts.fct_lead', true, true, '')",
        "schema_to_xml('marts', true, true, '')",
    )
    for role in ATTACKERS:
        with system.doors.tenant_transaction(Database.WAREHOUSE, role, system.a) as connection:
            told = ""
            for call in calls:
                try:
                    with connection.transaction():
                        told += str(connection.execute(f"select * from {call}".encode()).fetchall())
                except psycopg.errors.FeatureNotSupported:
                    continue  # the embedded server is built without XML
            assert str(system.a)[:8] in told
            assert str(system.b)[:8] not in told


@pytest.mark.parametrize("role", ATTACKERS)
def test_a60_files_of_the_server_are_closed(system: System, role: Role) -> None:
    with system.doors.tenant_transaction(Database.OPERATIONAL, role, system.a) as connection:
        refuse(connection, "select pg_read_file('PG_VERSION')", "select pg_ls_dir('.')",
               "select lo_import('/etc/passwd')",
               "select pg_read_binary_file('PG_VERSION')", "select pg_stat_file('PG_VERSION')")  # fmt: skip


def test_a61_notifications_carry_ids_of_tenants_and_no_row(system: System) -> None:
    clean(system, "large object")
    notifying = [
        (path, call)
        for package in ("tekup", "serving", "pipelines")
        for path in (ROOT / package).rglob("*.sql")
        if "procrastinate" not in path.name
        for call in re.findall(r"pg_notify\((.*?)\);", path.read_text(), re.DOTALL)
    ]
    assert notifying
    for path, call in notifying:
        assert "payload" not in call.replace("-- payload", ""), path
        assert re.search(r"tenant", call), path


def test_a62_others_queries_are_hidden(system: System) -> None:
    with (
        system.doors.connect(Database.WAREHOUSE, Role.APP) as api,
        system.doors.connect(Database.WAREHOUSE, Role.READER) as reader,
    ):
        api.execute("select 'a secret literal'")
        row = reader.execute("select count(*) from pg_stat_activity where query like '%%a secret literal%%' "
                             "and usename <> session_user").fetchone()  # fmt: skip
    assert row == (0,)


def test_a63_locks_of_one_tenant_never_wait_for_anothers() -> None:
    named = {
        (str(path.relative_to(ROOT)), line.strip())
        for package in ("tekup", "serving", "pipelines", "dashboards")
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", ".sql") and "procrastinate" not in path.name
        for line in path.read_text().splitlines()
        if "pg_advisory" in line and "tenant" in line
    }
    assert named
    assert [one for one in named if "hash" not in one[1] and "_lock_key(" not in one[1]] == []
