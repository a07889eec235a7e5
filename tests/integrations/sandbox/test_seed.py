"""Seeding fills every operational table through row-level security, once, and keeps the truth out."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from integrations.sandbox.identifiers import tenant_uuid
from integrations.sandbox.seed import seed_operational
from integrations.sandbox.world import World
from tekup.db import Database, Doors, Role


@pytest.fixture(scope="module")
def gained(doors: Doors, world: World) -> Iterator[dict[str, int]]:
    """What a first seeding of the tests' database brings; the tenants are deleted at the end."""
    yield seed_operational(lambda: doors.connect(Database.OPERATIONAL, Role.OWNER), world)
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        for tenant in world.operational["tenants"]["id"]:
            with connection.transaction():
                connection.execute("select set_config('app.tenant_id', %s, true)", (tenant,))
                connection.execute("delete from app.tenants")


def test_every_row_arrives_and_a_second_time_none(doors: Doors, world: World, gained: dict[str, int]) -> None:
    assert gained == {name: len(frame) for name, frame in world.operational.items()}
    again = seed_operational(lambda: doors.connect(Database.OPERATIONAL, Role.OWNER), world)
    assert again == dict.fromkeys(world.operational, 0)


def test_a_tenant_finds_exactly_its_own_rows(doors: Doors, world: World, gained: dict[str, int]) -> None:
    assert gained
    tenant = tenant_uuid("byg-og-bo")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, UUID(tenant)) as connection:
        for table in ("leads", "touchpoints", "deals"):
            row = connection.execute(f"select count(*), count(distinct tenant_id) from app.{table}").fetchone()
            assert row == (len(world.operational[table].filter(tenant_id=tenant)), 1)


def test_no_table_carries_the_truth(doors: Doors, world: World, gained: dict[str, int]) -> None:
    assert gained
    hidden = set().union(*(frame.columns for frame in world.truth.values())) - {"tenant_id", "lead_id", "channel"}
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection:
        rows = connection.execute("select column_name from information_schema.columns where table_schema = 'app'")
        assert not hidden & {name for (name,) in rows}


def test_a_failure_leaves_no_tenant_half_seeded(doors: Doors, world: World, gained: dict[str, int]) -> None:
    assert gained
    tenant = tenant_uuid("lille-bageri")
    broken = {**world.operational, "leads": world.operational["leads"].clear()}
    other = World(world.seed, world.scale, world.as_of, broken, world.vendors, world.truth)
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection, connection.transaction():
        connection.execute("select set_config('app.tenant_id', %s, true)", (tenant,))
        connection.execute("delete from app.tenants")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        seed_operational(lambda: doors.connect(Database.OPERATIONAL, Role.OWNER), other)
    with doors.connect(Database.OPERATIONAL, Role.OWNER) as connection, connection.transaction():
        connection.execute("select set_config('app.tenant_id', %s, true)", (tenant,))
        assert connection.execute("select count(*) from app.contacts").fetchone() == (0,)
    healed = seed_operational(lambda: doors.connect(Database.OPERATIONAL, Role.OWNER), world)
    assert healed["leads"] == len(world.operational["leads"].filter(tenant_id=tenant))
