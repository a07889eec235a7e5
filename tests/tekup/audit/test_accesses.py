"""The command line's and the pipelines' transactions stand in the trail, whole or sampled, and can't do more for it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.rows import dict_row

from tekup.audit.accesses import AccessRecorder
from tekup.audit.sealing import seal_all
from tekup.audit.trail import sealing_key, unsealed
from tekup.commands.tenant import tenant as tenant_command
from tekup.db import Database, Doors, Role, bound
from tekup.directory.tenants import Tenant, create_tenant, delete_tenant

ROUTE = "tekup gdpr export"


@pytest.fixture(scope="module")
def tenant(doors: Doors) -> Iterator[Tenant]:
    made = create_tenant(doors, "Told ApS", "told.example")
    yield made
    delete_tenant(doors, made)


@pytest.fixture
def told_doors(doors: Doors) -> Doors:
    return Doors(doors.settings, recorder=AccessRecorder("operator test", ROUTE))


def entries(doors: Doors, database: Database, tenant: Tenant, route: str = ROUTE) -> list[dict[str, Any]]:
    table = "app.audit_log" if database is Database.OPERATIONAL else "ops.audit_log"
    with doors.tenant_transaction(database, Role.OWNER, tenant.id) as connection:
        return (
            connection.cursor(row_factory=dict_row)
            .execute(f"select * from {table} where route = %s order by occurred_at".encode(), (route,))
            .fetchall()
        )


@pytest.mark.parametrize("role", [Role.APP, Role.PIPELINE, Role.OWNER])
@pytest.mark.parametrize("database", list(Database))
def test_each_transaction_of_a_tenant_is_told(
    doors: Doors, told_doors: Doors, tenant: Tenant, database: Database, role: Role
) -> None:
    before = len(entries(doors, database, tenant))
    with told_doors.tenant_transaction(database, role, tenant.id, read_only=True) as connection:
        connection.execute("select 1")
    with told_doors.tenant_transaction(database, role, tenant.id, isolation="REPEATABLE READ") as connection:
        connection.execute("select 1")
    # a connection that is bound more than once
    with told_doors.connect(database, role) as connection, bound(connection, tenant.id, read_only=True):
        connection.execute("select 1")
    found = entries(doors, database, tenant)[before:]
    assert [(one["action"], one["actor_kind"], one["actor_id"]) for one in found] == [
        (action, "system", "operator test") for action in ("read", "write", "read")
    ]
    assert {one["recorded_by"] for one in found} == {role.login}


def test_what_reads_can_not_write_though_its_entry_is_written(doors: Doors, told_doors: Doors, tenant: Tenant) -> None:
    before = len(entries(doors, Database.OPERATIONAL, tenant))
    with (
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        told_doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id, read_only=True) as connection,
    ):
        connection.execute("update app.leads set source = 'x'")
    with (
        pytest.raises(ZeroDivisionError),
        told_doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection,
    ):
        raise ZeroDivisionError
    assert len(entries(doors, Database.OPERATIONAL, tenant)) == before


def test_an_entry_that_can_not_be_written_takes_the_change_with_it(doors: Doors, tenant: Tenant) -> None:
    class Broken:
        def script_of(self, *_: object, **__: object) -> str:
            return "insert into app.audit_log (tenant_id) values (null)"

    broken = Doors(doors.settings, recorder=Broken())
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        broken.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection,
    ):
        connection.execute("update app.tenants set name = 'Never' where id = %s", (tenant.id,))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        assert connection.execute("select name from app.tenants").fetchone() == ("Told ApS",)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_share_of_the_pipelines_work_is_told(doors: Doors, tenant: Tenant, share: float) -> None:
    route = f"pipelines {share}"
    sampled = Doors(doors.settings, recorder=AccessRecorder("pipelines", route, share=share, share_of_changes=share))
    with sampled.connect(Database.WAREHOUSE, Role.PIPELINE) as connection:
        for number in range(40):
            with bound(connection, tenant.id, read_only=number % 2 == 0):
                connection.execute("select 1")
    count = len(entries(doors, Database.WAREHOUSE, tenant, route))
    assert count == 0 if share == 0 else 0 < count < 40


def test_sealing_tells_nothing_of_itself(doors: Doors, told_doors: Doors, tenant: Tenant) -> None:
    list(seal_all(told_doors, [tenant.id], key=sealing_key(doors.master_key)))
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
        assert unsealed(connection, Database.OPERATIONAL, tenant.id) == 0


def test_a_command_names_itself_and_whoever_runs_it(
    doors: Doors, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tekup.commands.tenant.current_settings", lambda: doors.settings)
    done = CliRunner().invoke(
        tenant_command, ["suspend", "told.example"], prog_name="tekup tenant", catch_exceptions=False
    )
    assert done.exit_code == 0
    (entry,) = [
        one for one in entries(doors, Database.OPERATIONAL, tenant, "tekup tenant suspend") if one["action"] == "write"
    ]
    assert entry["actor_id"].startswith("operator")
    assert CliRunner().invoke(tenant_command, ["resume", "told.example"]).exit_code == 0


def test_a_tenant_that_is_deleted_leaves_no_entry(doors: Doors, told_doors: Doors) -> None:
    gone = create_tenant(told_doors, "Gone ApS", "gone.told.example")
    assert len(entries(doors, Database.OPERATIONAL, gone)) == 1
    delete_tenant(told_doors, gone)
    for database in Database:
        assert entries(doors, database, gone) == []


def test_work_without_a_trail_has_to_say_why(told_doors: Doors) -> None:
    with pytest.raises(ValueError, match="say why"):
        told_doors.without_trail(reason="")
