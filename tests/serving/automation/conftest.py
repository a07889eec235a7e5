"""A CRM and a log that are empty before and after, and the rules' consumer, run by hand."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from serving.automation.engine import automation_consumer
from serving.consumers.runner import ConsumerRunner
from serving.consumers.sequencer import sequence_once
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.events.conftest import clear_log

Header = dict[str, str]
TABLES = (
    "automation_runs", "automation_rules", "activities", "deals", "contacts", "companies", "stages", "pipelines",
    "custom_fields",
)  # fmt: skip
OURS = "%@automation.example"


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        clear_log(doors, filled, keeps_heads=True)
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in TABLES:
                    connection.execute(f"delete from app.{table}")
                connection.execute("delete from app.leads where email like %s", (OURS,))
                connection.execute("delete from app.users where email like %s", (OURS,))

    clear()
    yield
    clear()
    clear_log(doors, filled, keeps_heads=True)


@pytest.fixture
def work(doors: Doors, filled: TwoTenants) -> Callable[[], None]:
    """Let the rules catch up with the log, of both tenants."""

    async def once() -> None:
        databases = Databases(doors)
        runner = ConsumerRunner(databases, automation_consumer(databases), Wake(""))
        try:
            while await sequence_once(databases) > 0:
                pass
            busy = True
            while busy:
                busy = any([await runner.run_tenant(tenant.id) for tenant in (filled.a, filled.b)])
                while await sequence_once(databases) > 0:
                    busy = True
        finally:
            await databases.close()

    return lambda: asyncio.run(once())


def post(client: httpx.Client, headers: Header, path: str, status: int = 201, **body: Any) -> dict[str, Any]:
    """The answer to a POST that must succeed."""
    answer = client.post(path, headers=headers, json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told
