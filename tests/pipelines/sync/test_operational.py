"""The operational pull loses nothing and doubles nothing, whatever other transactions do meanwhile."""

import random
import threading
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from pipelines.sync.journal import StreamResult
from pipelines.sync.operational import pull_operational
from tekup.db import Database, Doors, Role, bound
from tests.fixtures.database import TwoTenants

SHARED_ID = UUID("00000000-0000-4000-8000-00000000000c")


@pytest.fixture(autouse=True)
def clean(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.companies")
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            connection.execute("delete from raw_operational.companies")
            connection.execute("delete from ops.sync_cursor")


def copied(doors: Doors, tenant_id: UUID) -> dict[UUID, str]:
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id) as connection:
        return dict(
            connection.execute("select id, name from raw_operational.companies where deleted_at is null").fetchall()
        )


def existing(doors: Doors, tenant_id: UUID) -> dict[UUID, str]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant_id) as connection:
        return dict(connection.execute("select id, name from app.companies").fetchall())


def insert(connection: psycopg.Connection, tenant_id: UUID, name: str, company: UUID | None = None) -> None:
    connection.execute(
        "insert into app.companies (tenant_id, id, name) values (%s, %s, %s)", (tenant_id, company or uuid4(), name)
    )


def test_each_tenant_gets_its_own_row_of_two_with_the_same_id(doors: Doors, two_tenants: TwoTenants) -> None:
    for tenant, name in ((two_tenants.a, "A"), (two_tenants.b, "B")):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            insert(connection, tenant.id, name, SHARED_ID)
        pull_operational(doors, tenant.id)
    assert copied(doors, two_tenants.a.id) == {SHARED_ID: "A"}
    assert copied(doors, two_tenants.b.id) == {SHARED_ID: "B"}


def test_a_row_that_a_long_transaction_commits_late_is_not_lost(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    with doors.connect(Database.OPERATIONAL, Role.APP) as slow, bound(slow, tenant):
        insert(slow, tenant, "late")
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as quick:
            insert(quick, tenant, "early")
        pull_operational(doors, tenant)
        assert "late" not in copied(doors, tenant).values()
    pull_operational(doors, tenant)
    assert sorted(copied(doors, tenant).values()) == ["early", "late"]


def test_a_rolled_back_row_never_arrives(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id

    def fail_after_writing() -> None:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
            insert(connection, tenant, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_writing()
    pull_operational(doors, tenant)
    assert copied(doors, tenant) == {}


def test_changes_deletions_and_returns_arrive(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id

    def act(statement: str) -> dict[UUID, str]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
            connection.execute(statement.encode(), {"tenant": tenant, "id": SHARED_ID})
        pull_operational(doors, tenant)
        return copied(doors, tenant)

    added = "insert into app.companies (tenant_id, id, name) values (%(tenant)s, %(id)s, 'one')"
    assert act(added) == {SHARED_ID: "one"}
    assert act("update app.companies set name = 'two' where id = %(id)s") == {SHARED_ID: "two"}
    assert act("delete from app.companies where id = %(id)s") == {}
    assert act(added) == {SHARED_ID: "one"}


def test_a_row_deleted_and_made_again_in_one_transaction_lives(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        insert(connection, tenant, "first", SHARED_ID)
    pull_operational(doors, tenant)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        connection.execute("delete from app.companies where id = %s", (SHARED_ID,))
        insert(connection, tenant, "second", SHARED_ID)
    pull_operational(doors, tenant)
    assert copied(doors, tenant) == {SHARED_ID: "second"}


def test_the_last_of_two_deletions_counts_where_its_stamp_has_a_digit_more(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        insert(connection, tenant, "twice gone", SHARED_ID)
    pull_operational(doors, tenant)
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        connection.execute("update raw_operational.companies set changed_xid = '9'")
        connection.execute("delete from ops.sync_cursor")
    with psycopg.connect(doors.admin_url(Database.OPERATIONAL)) as admin:
        admin.execute("set local session_replication_role = replica")
        admin.execute("delete from app.companies where tenant_id = %s", (tenant,))
        for stamp in ("10", "9"):
            admin.execute(
                "insert into app.tombstones (tenant_id, entity, entity_id, changed_xid) values (%s, %s, %s, %s)",
                (tenant, "companies", SHARED_ID, stamp),
            )
    pull_operational(doors, tenant)
    assert copied(doors, tenant) == {}


def test_a_second_pull_reads_nothing(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        insert(connection, tenant, "one")
    pull_operational(doors, tenant)
    assert sum(result.rows_read for result in pull_operational(doors, tenant).streams.values()) == 0


def test_another_cluster_is_read_from_its_beginning(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        insert(connection, tenant, "one")
    pull_operational(doors, tenant)
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        connection.execute("delete from raw_operational.companies")
        connection.execute("""update ops.sync_cursor set cursor = cursor || '{"system": "another"}'""")
    pull_operational(doors, tenant)
    assert list(copied(doors, tenant).values()) == ["one"]


def test_many_writers_with_pauses_rollbacks_and_deletions_lose_and_double_nothing(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    tenant, stop = two_tenants.a.id, threading.Event()
    faults: list[BaseException] = []

    def write(seed: int) -> None:
        rng = random.Random(seed)
        own: list[UUID] = []
        try:
            with doors.connect(Database.OPERATIONAL, Role.APP) as connection:
                while not stop.is_set():
                    made = uuid4()
                    try:
                        with bound(connection, tenant):
                            if own and rng.random() < 0.3:
                                connection.execute("delete from app.companies where id = %s", (own[0],))
                            elif own and rng.random() < 0.4:
                                connection.execute(
                                    "update app.companies set name = %s where id = %s", (str(rng.random()), own[-1])
                                )
                            insert(connection, tenant, f"{seed}", made)
                            time.sleep(rng.choice([0, 0, 0.01, 0.2]))
                            if rng.random() < 0.15:
                                raise ZeroDivisionError
                        own.append(made)
                        own = own[-20:]
                    except ZeroDivisionError:
                        continue
        except BaseException as fault:
            faults.append(fault)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 6
    pulls = 0
    while time.monotonic() < deadline:
        pull_operational(doors, tenant)
        pulls += 1
    stop.set()
    for writer in writers:
        writer.join()
    pull_operational(doors, tenant)
    assert faults == []
    assert pulls >= 3
    truth = existing(doors, tenant)
    assert len(truth) > 20
    assert copied(doors, tenant) == truth


def test_a_full_read_mends_what_was_lost_and_says_what_it_was(doors: Doors, two_tenants: TwoTenants) -> None:
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        for number in range(4):
            insert(connection, tenant, f"company {number}", UUID(int=number))
    pull_operational(doors, tenant)
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant) as connection:
        connection.execute("delete from raw_operational.companies where id = %s", (UUID(int=0),))
        connection.execute(
            "update raw_operational.companies set name = 'stale', changed_xid = '1' where id = %s", (UUID(int=1),)
        )
        connection.execute(
            "insert into raw_operational.companies (tenant_id, id, name, changed_xid) values (%s, %s, 'ghost', '1')",
            (tenant, UUID(int=9)),
        )
    seen = pull_operational(doors, tenant, entities=["companies"], proof="always").verdicts["companies"]
    assert seen.detail == "1 missing, 1 out of date, 1 gone at the source"
    found = pull_operational(doors, tenant, entities=["companies"], full=True).reconciled["companies"]
    assert (found.missing, found.stale, found.vanished) == (1, 1, 1)
    assert copied(doors, tenant) == existing(doors, tenant)
    assert pull_operational(doors, tenant, proof="always").verdicts["companies"].is_complete


def test_a_pull_killed_between_batches_goes_on_after_the_last_one(
    doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.sync.operational.BATCH_ROWS", 10)
    tenant = two_tenants.a.id
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        for number in range(25):
            insert(connection, tenant, f"company {number}")
    chunks = 0

    def die(result: StreamResult) -> None:
        nonlocal chunks
        chunks += 1
        with doors.connect(Database.WAREHOUSE, Role.PIPELINE) as killer:
            killer.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = current_user and pid <> pg_backend_pid() and datname = current_database()"
            )

    with pytest.raises(psycopg.OperationalError):
        pull_operational(doors, tenant, entities=["companies"], on_chunk=die)
    assert len(copied(doors, tenant)) == 10
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant) as connection:
        connection.execute("update app.companies set name = name || ', changed' where name like '%%1'")
        connection.execute("delete from app.companies where name like '%%2'")
    done = pull_operational(doors, tenant, entities=["companies"])
    assert copied(doors, tenant) == existing(doors, tenant)
    assert done.streams["companies"].rows_read <= 25
