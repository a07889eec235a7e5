"""Connections that are used again carry nobody's rights from one use to the next."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dashboards.queries.connections import MOST_IDLE, ReaderConnections
from tekup.db import Doors
from tekup.errors import DatabaseUnavailable
from tekup.settings import read_settings
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants

COUNT = "select count(*), min(full_name) from marts.fct_lead"
SEES = frozenset({"persons:read"})


@pytest.fixture
def connections(doors: Doors) -> Iterator[ReaderConnections]:
    made = ReaderConnections(doors)
    yield made
    made.close()


def test_one_connection_serves_two_tenants_and_mixes_nothing(
    connections: ReaderConnections, two_tenants: TwoTenants
) -> None:
    used = set()
    for _ in range(2):
        for tenant, word in ((two_tenants.a, "Alfa"), (two_tenants.b, "Bravo")):
            with connections.transaction(TenantContext(tenant.id, "dashboard", SEES)) as connection:
                used.add(connection.info.backend_pid)
                row = connection.execute(COUNT).fetchone()
                assert row is not None
                assert row[1].startswith(word)
    assert len(used) == 1


def test_between_two_uses_a_connection_is_nobodys(connections: ReaderConnections, two_tenants: TwoTenants) -> None:
    with connections.transaction(TenantContext(two_tenants.a.id, "dashboard", SEES)) as connection:
        connection.execute("set local statement_timeout = 1000")
        connection.execute(COUNT)
    with pytest.raises(psycopg.Error):
        connection.execute(COUNT)
    assert connection.execute("show statement_timeout").fetchone() == ("0",)
    with (
        connections.transaction(TenantContext(two_tenants.a.id, "dashboard", frozenset())) as connection,
    ):
        assert connection.execute(COUNT).fetchone() == (0, None)


def test_a_fault_ends_the_transaction_and_a_dead_connection_is_replaced(
    connections: ReaderConnections, two_tenants: TwoTenants
) -> None:
    context = TenantContext(two_tenants.a.id, "dashboard", SEES)
    with pytest.raises(psycopg.errors.DivisionByZero), connections.transaction(context) as connection:
        connection.execute("select 1 / 0")
    with connections.transaction(context) as connection:
        first = connection.info.backend_pid
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table marts.mine (a int)")
    connection.close()
    with connections.transaction(context) as connection:
        assert connection.info.backend_pid != first
        assert connection.execute(COUNT).fetchone() != (0, None)


def test_no_more_than_a_few_wait(connections: ReaderConnections, two_tenants: TwoTenants) -> None:
    context = TenantContext(two_tenants.a.id, "dashboard", SEES)
    opened = [connections.transaction(context) for _ in range(MOST_IDLE + 2)]
    for one in opened:
        one.__enter__()
    for one in opened:
        one.__exit__(None, None, None)
    assert len(connections._idle) == MOST_IDLE


def test_a_server_that_is_down_is_told_at_once(tmp_path: Path) -> None:
    nowhere = read_settings(home=tmp_path, warehouse_url="postgresql://nobody@127.0.0.1:1/none")
    with (
        pytest.raises(DatabaseUnavailable),
        ReaderConnections(Doors(nowhere)).transaction(TenantContext(uuid4(), "dashboard", SEES)),
    ):
        pass
