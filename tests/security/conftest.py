"""A whole small system under attack: both databases with rows of two tenants in every relation, and the API."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.tenants import create_tenant
from tests.fixtures.warehouse import Warehouse
from tests.security import rows
from tests.serving.conftest import api, as_a, as_b, client, filled, live_version, token_of, two_tenants

__all__ = ["api", "as_a", "as_b", "client", "filled", "live_version", "token_of", "two_tenants"]

ATTACKERS = (Role.APP, Role.READER)


@dataclass(frozen=True, slots=True)
class System:
    """The databases, and their superuser's sight for what a test must know to judge an attack."""

    doors: Doors
    warehouse: Warehouse
    a: UUID
    b: UUID

    def admin(self, database: Database) -> psycopg.Connection:
        """A connection of the server's superuser, which no service has."""
        return psycopg.connect(self.doors.admin_url(database), autocommit=True)


@pytest.fixture(scope="package")
def system(warehouse: Warehouse) -> Iterator[System]:
    """Tenants A and B, with the same ids, in every table; what was added is taken away for the tests that follow."""
    made = System(warehouse.doors, warehouse, warehouse.a, warehouse.b)
    for tenant, name in ((made.a, "alfa"), (made.b, "beta")):
        create_tenant(made.doors, name, f"{name}.attacked.example", tenant_id=tenant)
    filled_tables = {}
    for database in Database:
        with made.admin(database) as admin:
            filled_tables[database] = rows.fill(admin, (made.a, made.b))
    yield made
    for database in Database:
        with made.admin(database) as admin:
            rows.empty(admin, filled_tables[database], (made.a, made.b))
            if database is Database.OPERATIONAL:
                for tenant in (made.a, made.b):
                    # the rows that go with it are deleted, and mourned, as the owner of their tables
                    admin.execute(f"set app.tenant_id = '{tenant}'")
                    admin.execute("delete from app.tenants where id = %s", (tenant,))
    if made.warehouse.rows("select 1 from marts.fct_reject where object_id like 'canary%' limit 1"):
        # a build met the added rows; that they are gone no delta is told
        made.warehouse.build("run", "--full-refresh", "--exclude", "tag:after_models")
