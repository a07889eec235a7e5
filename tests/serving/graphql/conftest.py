"""Records that GraphQL is asked for: for both tenants, and gone afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.crm.test_endpoints import TABLES

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(client: httpx.Client) -> Ask:
    """Sends one document."""

    def send(headers: dict[str, str], query: str, *, more: dict[str, str] | None = None, **variables: Any) -> Any:
        return client.post("/graphql", headers=headers | (more or {}), json={"query": query, "variables": variables})

    return send


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    """No record of either tenant before or after."""

    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in TABLES:
                    connection.execute(f"delete from app.{table}")

    clear()
    yield
    clear()
