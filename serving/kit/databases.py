"""Async sessions bound to one tenant, for both databases. No query is written here."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from tekup.db import Database, Doors, Role
from tekup.tenancy import TenantContext, begin_statement

POOL_SIZE = 8
POOL_OVERFLOW = 8
POOL_WAIT_SECONDS = 5
CONNECT_SECONDS = 5


class TenantSession(Session):
    """A session whose every transaction opens with its context, in the one query that also says BEGIN."""


@event.listens_for(TenantSession, "after_begin")
def _begin_as_tenant(session: TenantSession, transaction: SessionTransaction, connection: Connection) -> None:
    """Send BEGIN and the context as one simple query: no round trip more than BEGIN alone.

    The connection is in autocommit mode, so the driver sends no BEGIN of its own; COMMIT and ROLLBACK it still
    sends. A savepoint inherits the context.
    """
    if transaction.nested:
        return
    statement = begin_statement(session.info["context"], read_only=session.info["read_only"])
    # without parameters it goes out by the simple protocol, which alone takes two statements at once
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).close()


class Databases:
    """Engines of both databases as the API's role, under row-level security."""

    def __init__(self, doors: Doors) -> None:
        self._engines = {database: _engine(doors, database) for database in Database}

    @contextlib.asynccontextmanager
    async def session(
        self, database: Database, context: TenantContext, *, read_only: bool = True
    ) -> AsyncIterator[AsyncSession]:
        """A session of one context in one transaction: committed at the end, rolled back on an exception."""
        if not isinstance(context, TenantContext):
            raise TypeError(f"a session needs a tenant context, not {type(context).__name__}")
        session = AsyncSession(
            self._engines[database],
            sync_session_class=TenantSession,
            expire_on_commit=False,
            info={"context": context, "read_only": read_only},
        )
        async with session:
            await _open_transaction(session)
            yield session
            await session.commit()

    def operational(
        self, context: TenantContext, *, read_only: bool = True
    ) -> contextlib.AbstractAsyncContextManager[Any]:
        """A session on the operational database."""
        return self.session(Database.OPERATIONAL, context, read_only=read_only)

    def warehouse(self, context: TenantContext) -> contextlib.AbstractAsyncContextManager[Any]:
        """A session on the warehouse; the API never writes there."""
        return self.session(Database.WAREHOUSE, context)

    async def call(self, statement: str, **arguments: Any) -> list[Any]:
        """The first column of a call to a function of the operational database that needs no tenant.

        Such functions belong to roles of their own and are few; a tenant's table raises here as everywhere.
        """
        async with self._engines[Database.OPERATIONAL].connect() as connection:
            return list((await connection.execute(text(statement), arguments)).scalars())

    async def answers(self, database: Database) -> bool:
        """Whether ``database`` answers."""
        try:
            async with self._engines[database].connect() as connection:
                await connection.exec_driver_sql("select 1")
        except Exception:
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        for engine in self._engines.values():
            await engine.dispose()


async def _open_transaction(session: AsyncSession) -> None:
    """Begin; a pooled connection that died meanwhile is replaced once, since nothing has been done in it yet."""
    try:
        await session.connection()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        await session.rollback()
        await session.connection()


def _engine(doors: Doors, database: Database) -> AsyncEngine:
    url = make_url(doors.url(database, Role.APP)).set(drivername="postgresql+psycopg")
    return create_async_engine(
        url,
        connect_args={"autocommit": True, "connect_timeout": CONNECT_SECONDS, "application_name": "tekup api"},
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        use_native_hstore=False,
    )


def _databases(request: Request) -> Databases:
    databases: Databases = request.app.state.databases
    return databases


AppDatabases = Annotated[Databases, Depends(_databases)]
"""The application's databases, in a route's signature."""
