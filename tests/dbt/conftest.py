"""One build of the whole project over two tenants with the same ids, shared by this folder's tests."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from tekup.db import Database, Doors
from tekup.settings import read_settings
from tests.dbt.build import allow_temporary_tables, dbt_environment, run_dbt
from tests.dbt.rows import load_tenant

A = UUID("aaaaaaaa-0000-0000-0000-000000000000")
B = UUID("bbbbbbbb-0000-0000-0000-000000000000")


@dataclass(frozen=True)
class Warehouse:
    """A built warehouse and the means to build it again."""

    doors: Doors
    environment: dict[str, str]
    target: Path
    a: UUID = A
    b: UUID = B

    def build(self, *arguments: str) -> str:
        """`dbt` with these arguments."""
        return run_dbt(self.environment, self.target, *arguments)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the builder sees: every tenant's rows."""
        with self.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test") as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    """A server of its own, since a build takes all the tenants that there are."""
    with tempfile.TemporaryDirectory(prefix="tekup-dbt-", ignore_cleanup_errors=True) as folder:
        doors = Doors(read_settings(home=Path(folder) / "home", database_url=None, warehouse_url=None))
        doors.prepare()
        allow_temporary_tables(doors)
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="test rows") as connection:
            load_tenant(connection, A, "alfa", 1)
            load_tenant(connection, B, "beta", 2)
        made = Warehouse(doors, dbt_environment(doors), Path(folder) / "target")
        made.build("build")
        yield made
        from tekup.db.embedded import start_embedded

        start_embedded(doors.settings.home_path).stop()
