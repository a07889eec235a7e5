"""The queue: a job comes with its transaction or not at all, with the tenant of the transaction, once a commit."""

import asyncio
from typing import Any

import procrastinate.schema
import psycopg
import pytest

from serving.jobs.queue import defer
from serving.jobs.runner import build_queue, run_jobs
from serving.kit.databases import Databases
from tekup.db import Database, Doors, Role
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT


def test_the_schema_in_the_migration_is_the_librarys() -> None:
    """A new procrastinate brings migrations of its own: write one of ours before raising the bound."""
    vendored = (ROOT / "serving/migrations/versions/0007_jobs_procrastinate.sql").read_text().split("\n", 1)[1]
    assert vendored == procrastinate.schema.SchemaManager.get_schema()


def test_a_job_runs_with_its_transactions_tenant_and_not_without_its_commit(
    doors: Doors, two_tenants: TwoTenants
) -> None:
    ran: list[dict[str, Any]] = []
    stopping = asyncio.Event()

    async def task(**arguments: Any) -> None:
        ran.append(arguments)
        if len(ran) == 1:
            raise ValueError("the first run fails and comes again")
        if len(ran) == 3:
            stopping.set()

    async def whole() -> None:
        databases = Databases(doors)
        try:
            for tenant, thing in ((two_tenants.a, "one"), (two_tenants.b, "two")):
                async with databases.operational(TenantContext.system(tenant.id), read_only=False) as session:
                    await defer(session, "test_task", {"thing": thing, "tenant_id": "somebody else"})
            async with databases.operational(TenantContext.system(two_tenants.a.id), read_only=False) as session:
                await defer(session, "test_task", {"thing": "never"})
                await session.rollback()
            queue = build_queue(doors.url(Database.OPERATIONAL, Role.WORKER), {"test_task": task})
            async with asyncio.timeout(30):
                await run_jobs(queue, stopping)
        finally:
            await databases.close()

    asyncio.run(whole())
    assert sorted((one["tenant_id"], one["thing"]) for one in ran[:2]) == sorted(
        [(str(two_tenants.a.id), "one"), (str(two_tenants.b.id), "two")]
    )
    assert ran[2]["thing"] == ran[0]["thing"]


def test_a_tenant_sees_no_queue_and_a_worker_no_tenant(doors: Doors, two_tenants: TwoTenants) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection,
    ):
        connection.execute("select * from jobs.procrastinate_jobs")
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        doors.tenant_transaction(Database.OPERATIONAL, Role.WORKER, two_tenants.a.id) as connection,
    ):
        connection.execute("select * from app.leads")
