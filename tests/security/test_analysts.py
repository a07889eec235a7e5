"""Log-ins of analysts: one tenant's marts whatever their session says, and nothing else; every statement is told."""

import json
import os
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from psycopg.rows import dict_row

from tekup.audit.sight import sight_of
from tekup.audit.statements import fold_statements, log_folder
from tekup.commands.audit import audit
from tekup.db import Database, Role
from tekup.db.lint import lint_databases
from tekup.directory.analysts import Analyst, create_analyst, delete_analysts, list_analysts
from tekup.directory.tenants import create_tenant, delete_tenant
from tekup.errors import BadInput
from tests.security.conftest import System

SECRET = "nobody@analyst.example"


@pytest.fixture(scope="module")
def logins(system: System) -> Iterator[dict[str, str]]:
    """A's analysts, with their connection strings: one who is shown people and one who is not."""
    made = {}
    for name, sees_people in (("plain", False), ("people", True)):
        analyst, password = create_analyst(system.doors, system.a, name, sees_people=sees_people)
        made[name] = address(system, analyst, password)
    yield made
    assert sorted(delete_analysts(system.doors, system.a)) == ["people", "plain"]


def address(system: System, analyst: Analyst, password: str, database: Database = Database.WAREHOUSE) -> str:
    parts = urlsplit(system.doors.url(database, Role.READER))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{analyst.login}:{quote(password, safe='')}@{host}"))


def entries(system: System, tenant_id: UUID, actor: str | None = "plain") -> list[dict[str, Any]]:
    fold_statements(system.doors)
    with system.doors.tenant_transaction(Database.WAREHOUSE, Role.APP, tenant_id) as connection:
        return (
            connection.cursor(row_factory=dict_row)
            .execute(
                "select * from ops.audit_log where actor_kind = 'analyst' and (%(actor)s::text is null "
                "or actor_id = %(actor)s) order by details ->> 'at', request_id",
                {"actor": actor},
            )
            .fetchall()
        )


@pytest.fixture(scope="module")
def relations(system: System) -> dict[tuple[str, str], tuple[bool, int, int]]:
    """Marts and masked views: whether the mart shows people, and how many rows A and B have."""
    with system.admin(Database.WAREHOUSE) as admin:
        names = admin.execute(
            "select n.nspname, c.relname, exists (select from pg_policy p where p.polrelid = c.oid "
            "and p.polname = 'people_by_permission') from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where (n.nspname, c.relkind) in (('marts', 'r'), ('masked', 'v')) and c.relname !~ '__new$' and exists ("
            "select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)"
        ).fetchall()
        counted = {}
        for schema, name, has_people in names:
            base = sql.Identifier(schema, name)
            if schema == "masked":  # the superuser reads its table, which he may in every context
                found = admin.execute(
                    "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                    "where c.relname = %s and c.relkind = 'r' and n.nspname in ('marts', 'ops', 'ml')",
                    (name,),
                ).fetchone()
                assert found is not None
                base = sql.Identifier(found[0], name)
            rows = dict(admin.execute(sql.SQL("select tenant_id, count(*) from {} group by 1").format(base)).fetchall())
            counted[schema, name] = (has_people, rows.get(system.a, 0), rows.get(system.b, 0))
    assert len([one for one in counted if one[0] == "marts"]) > 50
    assert len([one for one in counted if one[0] == "masked"]) > 10
    return counted


@pytest.mark.parametrize("name", ["plain", "people"])
def test_a_log_in_sees_its_tenant_whatever_it_says_of_itself(
    system: System, logins: dict[str, str], relations: dict[tuple[str, str], tuple[bool, int, int]], name: str
) -> None:
    seen = 0
    with psycopg.connect(logins[name], autocommit=True) as connection:
        for (schema, relation), (has_people, of_a, of_b) in relations.items():
            everything = sql.SQL("select tenant_id, count(*) from {} group by 1").format(
                sql.Identifier(schema, relation)
            )
            own = [(system.a, of_a)] if of_a and (name == "people" or not has_people) else []
            assert connection.execute(everything).fetchall() == own, f"{schema}.{relation}"
            seen += bool(own)
            for variable, value in (("permissions", "* persons:read"), ("role", "owner"), ("tenant_id", system.b)):
                connection.execute(f"set app.{variable} = '{value}'")
            claimed = connection.execute(everything).fetchall()
            connection.execute("reset all")
            # a masked view asks for both, and then shows nobody's rows
            assert claimed == (own if schema == "marts" else []), f"{schema}.{relation} as {of_b} rows of B"
    assert seen > 30


def test_a_log_in_reaches_nothing_else(system: System, logins: dict[str, str]) -> None:
    analyst = Analyst(system.a, "plain", False)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address(system, analyst, "x", Database.OPERATIONAL))
    with psycopg.connect(logins["plain"], autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        for attempt in (
            "set role tekup_reader", "set role tekup_all_tenants", "set session authorization tekup_app",
            "set log_statement = 'none'", "set log_min_messages = 'panic'", "set session_replication_role = replica",
            "alter role current_user set log_statement = 'none'", "alter role current_user reset log_statement",
            "select set_config('app.tenant_id', '', false)", "select 1 from ops.audit_log",
            "select 1 from ml.lead_score",
            "select 1 from staging.stg_kit__subscriber",
            "select 1 from marts.fct_quality_daily", "insert into marts.fct_lead default values",
            "create table marts.mine (id int)", "create temporary table mine (id int)", "create schema mine",
            "copy marts.fct_deal to program 'cat'", "select pg_read_file('postgresql.conf')",
        ):  # fmt: skip
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)):
                connection.execute(attempt)
    with system.admin(Database.WAREHOUSE) as admin:
        reachable = admin.execute(
            "select distinct n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where c.relkind in ('r', 'p', 'v') and n.nspname !~ '^(pg_|information_schema$)' "
            "and has_schema_privilege('tekup_analyst', n.oid, 'usage') "
            "and has_any_column_privilege('tekup_analyst', c.oid, 'select, insert, update')"
        ).fetchall()
    assert {row[0] for row in reachable} == {"marts", "masked"}


def test_every_way_to_read_is_told_without_the_values(system: System, logins: dict[str, str]) -> None:
    before = len(entries(system, system.a))
    with psycopg.connect(logins["plain"], autocommit=True, application_name="bi tool") as connection:
        connection.execute(f"select count(*) from marts.fct_deal where currency = '{SECRET}'")
        connection.execute("begin")
        connection.execute("select * from marts.dim_campaign limit 3")
        connection.execute("rollback")
        connection.execute("select 1 from marts.fct_deal where currency = %s", (SECRET,), prepare=True)
        connection.execute(f"prepare mine as select 2 from marts.fct_refund where currency = '{SECRET}'")
        connection.execute("execute mine")
        connection.execute(f"do $$ begin perform 1 from marts.fct_deal where currency = '{SECRET}'; end $$")
        with connection.cursor("walking", withhold=True) as cursor:
            cursor.execute("select * from marts.fct_lead_funnel")
            cursor.fetchall()
        with connection.cursor() as cursor, cursor.copy("copy (select * from marts.fct_mrr_daily) to stdout") as copy:
            for _ in copy:
                pass
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select '{SECRET}' from ops.sync_run")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("select nothing from marts.fct_deal")
    told = entries(system, system.a)[before:]
    statements = [one["details"]["statement"] for one in told]
    assert SECRET not in json.dumps([one["details"] for one in told])
    for wanted in (
        "select count(*) from marts.fct_deal where currency = ?", "select * from marts.dim_campaign limit ?",
        "select ? from marts.fct_deal where currency = ?", "prepare mine as select ? from marts.fct_refund where",
        "execute mine", "do ?", "declare \"walking\"", "fetch forward all from",
        "copy (select * from marts.fct_mrr_daily)",
        "select ? from ops.sync_run",
    ):  # fmt: skip
        assert any(wanted in one for one in statements), (wanted, statements)
    first = next(one for one in told if "count(*)" in one["details"]["statement"])
    assert (first["action"], first["entity_type"], first["outcome"]) == ("sql.read", "fct_deal", "done")
    assert (first["address"], first["details"]["application"], first["recorded_by"]) == (
        "local",
        "bi tool",
        "tekup_app",
    )
    refused = [one for one in told if one["outcome"] == "refused"]
    assert [one["details"]["error"] for one in refused] == ["42501"]
    assert [one["details"]["error"] for one in told if one["outcome"] == "failed"] == ["42703"]
    assert entries(system, system.b, None) == []
    # a second reading of the whole log writes nothing twice
    (system.doors.settings.home_path / "audit" / "sql.json").unlink()
    assert len(entries(system, system.a)) == before + len(told)


def test_a_line_that_is_still_being_written_waits(system: System, logins: dict[str, str]) -> None:
    entries(system, system.a)
    folder = log_folder(system.doors)
    assert folder is not None
    newest = sorted(folder.glob("*.json"))[-1]
    line = {
        "timestamp": "2026-01-01 00:00:00.000 UTC", "user": Analyst(system.a, "torn", False).login, "line_num": 1,
        "session_id": "torn", "error_severity": "LOG", "message": "statement: select 1 from marts.fct_deal",
    }  # fmt: skip
    whole = json.dumps(line).encode() + b"\n"
    os.chmod(newest, 0o600)
    for part, expected in ((whole[:40], 0), (whole[40:], 1)):
        with newest.open("ab") as log:
            log.write(part)
        assert len(entries(system, system.a, "torn")) == expected


def test_two_processes_that_take_the_log_at_once_write_each_line_once(system: System, logins: dict[str, str]) -> None:
    before = len(entries(system, system.a))
    with psycopg.connect(logins["plain"], autocommit=True) as connection:
        for number in range(40):
            connection.execute(f"select {number} from marts.fct_deal limit 1")
    folding = [threading.Thread(target=fold_statements, args=(system.doors,)) for _ in range(3)]
    for one in folding:
        one.start()
    for one in folding:
        one.join()
    assert len(entries(system, system.a)) == before + 40


def test_of_a_tenant_that_is_gone_nothing_is_taken_in(system: System, logins: dict[str, str]) -> None:
    gone = create_tenant(system.doors, "Gone ApS", "gone.analysts.example")
    analyst, password = create_analyst(system.doors, gone.id, "ida", sees_people=False)
    with psycopg.connect(address(system, analyst, password), autocommit=True) as connection:
        connection.execute("select count(*) from marts.fct_deal")
    delete_tenant(system.doors, gone)
    assert list_analysts(system.doors, gone.id) == []
    assert entries(system, gone.id, None) == []


def test_an_operator_is_told_what_can_be_seen(
    system: System, logins: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sight_of(system.doors).is_seen
    with system.admin(Database.WAREHOUSE) as admin:
        login = sql.Identifier(Analyst(system.a, "plain", False).login)
        admin.execute(sql.SQL("alter role {} reset log_statement").format(login))
        try:
            blind = sight_of(system.doors)
        finally:
            admin.execute(sql.SQL("alter role {} set log_statement = 'all'").format(login))
    assert not blind.is_seen
    assert any("NOT logged" in line and "plain" in line for line in blind.told)
    monkeypatch.setattr("tekup.commands.audit.prepared_doors", lambda: system.doors)
    said = CliRunner().invoke(audit, ["sql"], standalone_mode=False)
    assert (said.return_value, "statements are taken from" in said.output) == (0, True)


def test_the_linter_knows_log_ins_and_finds_what_more_one_was_given(system: System, logins: dict[str, str]) -> None:
    assert lint_databases(system.doors) == []
    login = sql.Identifier(Analyst(system.a, "plain", False).login)
    with system.admin(Database.WAREHOUSE) as admin:
        admin.execute(sql.SQL("grant tekup_reader to {}").format(login))
        try:
            found = {finding.rule for finding in lint_databases(system.doors)}
        finally:
            admin.execute(sql.SQL("revoke tekup_reader from {}").format(login))
    assert "role that may become another" in found


def test_a_name_that_could_be_another_role_is_refused(system: System) -> None:
    for name in ("", "Plain", "a b", "x" * 17, 'x"; drop role tekup_app; --', "1a"):
        with pytest.raises(BadInput):
            create_analyst(system.doors, system.a, name, sees_people=False)


def test_a_log_in_that_is_taken_away_is_dead_at_once_and_its_trail_stays(system: System) -> None:
    analyst, password = create_analyst(system.doors, system.a, "leaving", sees_people=True)
    url = address(system, analyst, password)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select count(*) from marts.fct_lead")
        assert [one.name for one in list_analysts(system.doors, system.b)] == []
        assert delete_analysts(system.doors, system.a, "leaving") == ["leaving"]
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert len(entries(system, system.a, "leaving")) == 1
