"""Sessions carry their tenant for one transaction, at no round trip more than BEGIN, and never further."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from serving.kit.databases import Databases
from tekup.db import Database, Doors
from tekup.tenancy import TenantContext
from tests.fixtures.database import TwoTenants

CONTEXT = text("select current_setting('app.tenant_id')")


def run(doors: Doors, scenario: Callable[[Databases], Awaitable[None]]) -> None:
    async def whole() -> None:
        databases = Databases(doors)
        try:
            await scenario(databases)
        finally:
            await databases.close()

    asyncio.run(whole())


def test_each_session_sees_its_own_tenant_on_the_same_connection(doors: Doors, filled: TwoTenants) -> None:
    async def scenario(databases: Databases) -> None:
        backends = set()
        for tenant in (filled.a, filled.b, filled.a) * 5:
            async with databases.operational(TenantContext.system(tenant.id)) as session:
                assert (await session.execute(CONTEXT)).scalar_one() == str(tenant.id)
                emails = (await session.execute(text("select email from app.leads where email is not null"))).scalars()
                assert all(email.split("@")[1] in (tenant.domain, "example.dk") for email in emails)
                backends.add((await session.execute(text("select pg_backend_pid()"))).scalar_one())
        assert len(backends) == 1

    run(doors, scenario)


def test_the_context_ends_with_the_transaction_also_after_an_error(doors: Doors, filled: TwoTenants) -> None:
    async def scenario(databases: Databases) -> None:
        for statement in ("select 1", "select 1/0"):
            try:
                async with databases.operational(TenantContext.system(filled.a.id)) as session:
                    await session.execute(text(statement))
            except DBAPIError:
                assert statement == "select 1/0"
            async with databases._engines[Database.OPERATIONAL].connect() as connection:
                assert (await connection.execute(CONTEXT)).scalar_one() in ("", "no tenant context")
                with pytest.raises(DBAPIError, match="invalid input syntax for type uuid"):
                    # a table that is never empty: a policy is asked of rows
                    await connection.execute(text("select count(*) from app.tenants"))

    run(doors, scenario)


def test_a_savepoint_keeps_the_tenant(doors: Doors, filled: TwoTenants) -> None:
    async def scenario(databases: Databases) -> None:
        async with databases.operational(TenantContext.system(filled.a.id), read_only=False) as session:
            async with session.begin_nested() as savepoint:
                assert (await session.execute(CONTEXT)).scalar_one() == str(filled.a.id)
                await savepoint.rollback()
            assert (await session.execute(CONTEXT)).scalar_one() == str(filled.a.id)

    run(doors, scenario)


async def _insert_and_fail(databases: Databases, tenant_id: UUID, lead: UUID) -> None:
    async with databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
        values = {"tenant": tenant_id, "id": lead}
        await session.execute(text("insert into app.leads (tenant_id, id) values (:tenant, :id)"), values)
        raise KeyError("the caller failed")


def test_begin_and_tenant_are_one_message_and_an_exception_rolls_back(
    doors: Doors, filled: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    original = psycopg.AsyncCursor.execute

    async def listen(self: psycopg.AsyncCursor, query: object, *rest: object, **more: object) -> object:
        sent.append(str(query))
        return await original(self, query, *rest, **more)  # type: ignore[arg-type]

    async def scenario(databases: Databases) -> None:
        async with databases.operational(TenantContext.system(filled.a.id)) as session:
            await session.execute(text("select 1"))
        monkeypatch.setattr(psycopg.AsyncCursor, "execute", listen)
        lead = uuid4()
        with pytest.raises(KeyError):
            await _insert_and_fail(databases, filled.a.id, lead)
        begins = [query for query in sent if query.startswith("BEGIN")]
        assert len(begins) == 1
        assert str(filled.a.id) in begins[0]
        assert len(sent) == 2, sent
        async with databases.operational(TenantContext.system(filled.a.id)) as session:
            found = await session.execute(text("select 1 from app.leads where id = :id"), {"id": lead})
            assert found.first() is None

    run(doors, scenario)


def test_readers_can_not_write(doors: Doors, filled: TwoTenants) -> None:
    async def scenario(databases: Databases) -> None:
        with pytest.raises(DBAPIError, match="read-only"):
            async with databases.operational(TenantContext.system(filled.a.id)) as session:
                await session.execute(text("delete from app.leads"))

    run(doors, scenario)


@pytest.mark.parametrize("given", ["'; drop table x; --", uuid4()])
def test_a_session_says_whom_it_speaks_for(doors: Doors, given: object) -> None:
    async def scenario(databases: Databases) -> None:
        with pytest.raises(TypeError):
            async with databases.operational(given) as session:  # type: ignore[arg-type]
                await session.execute(text("select 1"))

    run(doors, scenario)


def test_a_dead_connection_is_replaced(doors: Doors, filled: TwoTenants) -> None:
    async def scenario(databases: Databases) -> None:
        async with databases.operational(TenantContext.system(filled.a.id)) as session:
            pid = (await session.execute(text("select pg_backend_pid()"))).scalar_one()
        with psycopg.connect(doors.admin_url(Database.OPERATIONAL), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s)", (pid,))
        async with databases.operational(TenantContext.system(filled.a.id)) as session:
            assert (await session.execute(CONTEXT)).scalar_one() == str(filled.a.id)

    run(doors, scenario)
