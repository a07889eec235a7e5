"""The log of events: who may write what, how positions are given, and what the database emits by itself."""

import threading
from uuid import UUID

import psycopg
import pytest

from tekup.contracts.events import LeadStatusChanged, read_event_data
from tekup.db import Database, Doors, Role, bound
from tekup.directory.connections import record_state, store_connection
from tekup.directory.tokens import create_token
from tekup.directory.users import create_user
from tekup.ids import uuid7
from tekup.outbox import emit
from tests.fixtures.database import TwoTenants


def tell(connection: psycopg.Connection, tenant_id: UUID, lead_id: UUID, step: int) -> None:
    emit(connection, tenant_id, LeadStatusChanged(lead_id=lead_id, before=str(step), after=str(step + 1)), lead_id)


def sequence(doors: Doors, most: int = 1000) -> int:
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
        row = connection.execute("select app.sequence_events(%s)", (most,)).fetchone()
    assert row is not None
    return int(row[0])


def log_of(doors: Doors, tenant_id: UUID) -> list[tuple[int | None, str, dict[str, object]]]:
    # events without a position yet stand in the order in which they were told
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute("select pos, event_type, payload from app.events order by pos, seq").fetchall()


@pytest.fixture
def nothing_waits(doors: Doors) -> None:
    """No event of any tenant waits for a position, whatever other files' tenants have left."""
    with psycopg.connect(doors.admin_url(Database.OPERATIONAL), autocommit=True) as admin:
        admin.execute("delete from app.events where pos is null")


@pytest.mark.usefixtures("nothing_waits")
def test_positions_are_dense_within_each_tenant(doors: Doors, two_tenants: TwoTenants) -> None:
    lead = uuid7()
    for tenant, count in ((two_tenants.a, 7), (two_tenants.b, 3)):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            for step in range(count):
                tell(connection, tenant.id, lead, step)
    assert [sequence(doors, 4), sequence(doors, 4), sequence(doors, 4), sequence(doors, 4)] == [4, 4, 2, 0]
    for tenant, count in ((two_tenants.a, 7), (two_tenants.b, 3)):
        log = log_of(doors, tenant.id)
        assert [pos for pos, _, _ in log] == list(range(1, count + 1))
        assert [payload["from"] for _, _, payload in log] == [str(step) for step in range(count)]


def test_a_writer_can_give_no_position_and_change_nothing(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        tell(connection, two_tenants.a.id, uuid7(), 1)
    for statement in (
        "insert into app.events (tenant_id, id, aggregate_type, aggregate_id, event_type, schema_version, payload, pos)"
        " values ((select id from app.tenants), gen_random_uuid(), 'lead', gen_random_uuid(), 'X', 1, '{}', 9)",
        "update app.events set payload = '{}'",
        "update app.events set pos = 5",
        "delete from app.events",
        "update app.event_heads set pos = 0",
    ):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection,
        ):
            connection.execute(statement)
    assert len(log_of(doors, two_tenants.a.id)) == 1
    assert log_of(doors, two_tenants.b.id) == []


@pytest.mark.usefixtures("nothing_waits")
def test_one_session_at_a_time_gives_positions(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.connect(Database.OPERATIONAL, Role.APP) as first, first.transaction():
        assert first.execute("select app.sequence_events(10)").fetchone() == (0,)
        assert sequence(doors) == -1
    assert sequence(doors) == 0


def test_concurrent_writers_of_one_aggregate_keep_its_order(doors: Doors, two_tenants: TwoTenants) -> None:
    """Each writer locks the aggregate, reads its counter, emits and commits late; positions follow the counter."""
    tenant_id, lead = two_tenants.a.id, uuid7()
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute(
            "insert into app.leads (tenant_id, id, full_name) values (%s, %s, 'Order')", (tenant_id, lead)
        )

    def write() -> None:
        with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
            for _ in range(40):
                with bound(connection, tenant_id):
                    row = connection.execute(
                        "update app.leads set employee_count = coalesce(employee_count, 0) + 1 where id = %s "
                        "returning employee_count",
                        (lead,),
                    ).fetchone()
                    assert row is not None
                    tell(connection, tenant_id, lead, row[0])

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        sequence(doors, 7)
    while sequence(doors) > 0:
        pass
    log = [int(str(payload["from"])) for _, kind, payload in log_of(doors, tenant_id) if kind == "LeadStatusChanged"]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute("delete from app.leads where id = %s", (lead,))
    assert log == list(range(1, 121))


def test_an_event_told_twice_under_its_own_id_is_one(doors: Doors, two_tenants: TwoTenants) -> None:
    lead, event_id = uuid7(), uuid7()
    for _ in range(2):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.PIPELINE, two_tenants.a.id) as connection:
            told = LeadStatusChanged(lead_id=lead, before="new", after="won")
            emit(connection, two_tenants.a.id, told, lead, event_id=event_id)
    assert len(log_of(doors, two_tenants.a.id)) == 1


def test_the_database_tells_of_users_tokens_and_connections(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant_id = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        # what another file left; its end is told as well, and forgotten here
        connection.execute("delete from app.connections where vendor = 'kit'")
        connection.execute("delete from app.events")
    user_id = create_user(doors, tenant_id, "told@alfa.example", "a long enough password", role="sales")
    create_user(doors, tenant_id, "told@alfa.example", "another long password", role="admin")
    create_token(doors, tenant_id, "told", scopes=("leads:read",))
    store_connection(doors, tenant_id, "kit", "secret", is_sandbox=True)
    record_state(doors, tenant_id, "kit", "working", None)
    record_state(doors, tenant_id, "kit", "working", None)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        connection.execute("update app.api_tokens set revoked_at = now() where name = 'told'")
        connection.execute("update app.api_tokens set last_used_at = now() where name = 'told'")
        connection.execute("delete from app.connections where vendor = 'kit'")
        connection.execute("delete from app.api_tokens where name = 'told'")
        connection.execute("delete from app.users where id = %s", (user_id,))
    log = log_of(doors, tenant_id)
    assert [kind for _, kind, _ in log] == [
        "UserCreated", "UserChanged", "TokenCreated", "ConnectionStored", "ConnectionChanged",
        "TokenChanged", "ConnectionRemoved", "TokenRemoved", "UserRemoved",
    ]  # fmt: skip
    told = [read_event_data(kind, 1, payload) for _, kind, payload in log]
    assert told[0].model_dump(mode="json") == {"user_id": str(user_id), "role": "sales", "status": "active"}
    assert "secret" not in str(log)


def test_another_tenant_and_a_lost_tenant_see_nothing(doors: Doors, two_tenants: TwoTenants) -> None:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        tell(connection, two_tenants.a.id, uuid7(), 1)
    sequence(doors)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.b.id) as connection:
        for table in ("events", "event_heads", "event_cursors", "event_inbox", "event_parked"):
            assert connection.execute(f"select count(*) from app.{table}").fetchone() == (0,)
    with doors.connect(Database.OPERATIONAL, Role.APP) as connection, pytest.raises(psycopg.errors.Error):
        connection.execute("select * from app.events")
