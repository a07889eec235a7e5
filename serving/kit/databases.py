"""Async sessions bound to one tenant, for both databases, each with its entry in the audit trail.

No query is written here.
"""

import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import Depends, Request
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from serving.kit.access import current_access
from serving.kit.audit import RECORDER, Recorder, as_script, is_chosen, tables_of
from tekup.db import Database, Doors, Role
from tekup.tenancy import TenantContext, begin_statement, context_statement

POOL_SIZE = 8
POOL_OVERFLOW = 8
POOL_WAIT_SECONDS = 5
CONNECT_SECONDS = 5


# Reads run in a savepoint that may not write; the entry is written after it. A server that crashes (not: a process)
# may lose the reads of its last moment, so that reading does not wait for the disk.
_BEGIN_READING = "; SET LOCAL synchronous_commit = off; SAVEPOINT reading; SET TRANSACTION READ ONLY"
_END_READING = "RELEASE SAVEPOINT reading; "


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
    recorder: Recorder = session.info[RECORDER]
    if recorder.is_read_only and recorder.is_recorded:
        statement = begin_statement(recorder.context) + _BEGIN_READING
    else:
        statement = begin_statement(recorder.context, read_only=recorder.is_read_only)
    # without parameters it goes out by the simple protocol, which alone takes two statements at once
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).close()
    connection.info[RECORDER] = recorder


@event.listens_for(TenantSession, "before_commit")
def _commit_with_entries(session: TenantSession) -> None:
    """Write what the session did and COMMIT, as one simple query: no round trip more than COMMIT alone."""
    recorder: Recorder = session.info[RECORDER]
    if session.in_nested_transaction():
        return
    entries = recorder.all_entries()
    if not entries:
        return
    session.flush()
    connection = session.connection()
    connection.info.pop(RECORDER, None)
    script = as_script(entries, recorder.database)
    before = _END_READING if recorder.is_read_only and recorder.is_recorded else ""
    connection.exec_driver_sql(f"{before}{script}; COMMIT", execution_options={"no_parameters": True}).close()


_tables_of_compiled: WeakKeyDictionary[Any, tuple[str, ...]] = WeakKeyDictionary()


def _note_rows(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    """Note which tables a select read, how many rows it gave and their ids."""
    recorder: Recorder | None = connection.info.get(RECORDER)
    compiled = getattr(context, "compiled", None)
    if recorder is None or compiled is None or not recorder.is_recorded:
        return
    tables = _tables_of_compiled.get(compiled)
    if tables is None:
        tables = _tables_of_compiled[compiled] = tables_of(compiled.statement)
    names = [column[0] for column in cursor.description or ()]
    position = next((i for i, name in enumerate(names) if name == "id" or _names_thing(name)), None)
    # the adapter of the asynchronous driver holds the rows that it fetched; they are looked at and left there
    recorder.note_rows(tables, getattr(cursor, "_rows", ()), max(cursor.rowcount, 0) if names else 0, position)


def _names_thing(column: str) -> bool:
    return column.endswith("_id") and column != "tenant_id"


@dataclass(slots=True)
class SharedWrite:
    """A write session that a whole request shares, so that its answer is stored with its effect or not at all."""

    session: AsyncSession
    context: TenantContext
    was_used: bool = False


shared_write: ContextVar[SharedWrite | None] = ContextVar("shared_write", default=None)
"""The session that stands for every operational session of the running request, where it must happen once."""


class Databases:
    """Engines of both databases as the API's role, under row-level security.

    ``read_share`` is the share of reads that the audit trail tells of; changes it tells always.
    """

    def __init__(self, doors: Doors, *, read_share: float = 1.0) -> None:
        self._engines = {database: _engine(doors, database) for database in Database}
        self._read_share = read_share
        self._fingerprint_key_of = lru_cache(maxsize=10_000)(
            lambda tenant_id: doors.master_key.derive("audit fingerprint", str(tenant_id))
        )

    @contextlib.asynccontextmanager
    async def session(
        self, database: Database, context: TenantContext, *, read_only: bool = True
    ) -> AsyncIterator[AsyncSession]:
        """A session of one context in one transaction: committed at the end, rolled back on an exception.

        Within a request that must happen once it is a savepoint of the request's own transaction, which also lets it
        see what the request wrote before.
        """
        if not isinstance(context, TenantContext):
            raise TypeError(f"a session needs a tenant context, not {type(context).__name__}")
        shared = shared_write.get()
        if shared is not None and database is Database.OPERATIONAL and shared.context.tenant_id == context.tenant_id:
            async with _within(shared, context, read_only):
                yield shared.session
            return
        async with self.own_session(database, context, read_only=read_only) as session:
            yield session
            await session.commit()

    @contextlib.asynccontextmanager
    async def own_session(
        self, database: Database, context: TenantContext, *, read_only: bool = True
    ) -> AsyncIterator[AsyncSession]:
        """A session of one context that its user commits, else it is rolled back."""
        access = current_access.get()
        recorder = Recorder(
            database=database,
            context=context,
            fingerprint_key_of=self._fingerprint_key_of,
            access=access,
            is_read_only=read_only,
            is_recorded=access is not None
            and access.caller is not None
            and (not read_only or is_chosen(self._read_share)),
        )
        session = AsyncSession(
            self._engines[database],
            sync_session_class=TenantSession,
            expire_on_commit=False,
            info={RECORDER: recorder, "context": context},
        )
        async with session:
            await _open_transaction(session)
            yield session

    @contextlib.asynccontextmanager
    async def without_tenant(self, database: Database, *, reason: str) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit mode without a tenant, which can read or write nothing that belongs to one."""
        if not reason:
            raise ValueError("say why no tenant is needed")
        async with self._engines[database].connect() as connection:
            connection.sync_connection.info.pop(RECORDER, None)  # type: ignore[union-attr]  # it is open
            yield connection

    def operational(
        self, context: TenantContext, *, read_only: bool = True
    ) -> contextlib.AbstractAsyncContextManager[Any]:
        """A session on the operational database."""
        return self.session(Database.OPERATIONAL, context, read_only=read_only)

    def warehouse(self, context: TenantContext) -> contextlib.AbstractAsyncContextManager[Any]:
        """A session on the warehouse; the API never writes there but what its trail tells."""
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


@contextlib.asynccontextmanager
async def _within(shared: SharedWrite, context: TenantContext, read_only: bool) -> AsyncIterator[None]:
    """A savepoint of the shared session in its own context; what the trail would tell of it goes with it."""
    recorder: Recorder = shared.session.sync_session.info[RECORDER]
    told = len(recorder.entries)
    outer = shared.session.sync_session.info["context"]
    try:
        async with shared.session.begin_nested():
            await _change_context(shared.session, context)
            yield
            await _change_context(shared.session, outer)
    except BaseException:
        del recorder.entries[told:]
        shared.session.sync_session.info["context"] = outer
        raise
    shared.was_used |= not read_only


@contextlib.asynccontextmanager
async def as_platform(session: AsyncSession) -> AsyncIterator[None]:
    """Go on as the product itself, in the same transaction, for what the caller is not shown.

    Where the block raises, the transaction or the savepoint around it has to be rolled back, as after any fault.
    """
    outer: TenantContext = session.sync_session.info["context"]
    await _change_context(session, TenantContext.system(outer.tenant_id))
    try:
        yield
    except BaseException:
        session.sync_session.info["context"] = outer
        raise
    await _change_context(session, outer)


async def _change_context(session: AsyncSession, context: TenantContext) -> None:
    """Go on as another context; a savepoint that is rolled back takes the database's side of it back by itself."""
    if context != session.sync_session.info["context"]:
        connection = await session.connection()
        done = await connection.exec_driver_sql(context_statement(context), execution_options={"no_parameters": True})
        done.close()
        session.sync_session.info["context"] = context


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
    engine = create_async_engine(
        url,
        connect_args={"autocommit": True, "connect_timeout": CONNECT_SECONDS, "application_name": "tekup api"},
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        use_native_hstore=False,
    )
    event.listen(engine.sync_engine, "after_cursor_execute", _note_rows)
    return engine


def _databases(request: Request) -> Databases:
    databases: Databases = request.app.state.databases
    return databases


AppDatabases = Annotated[Databases, Depends(_databases)]
"""The application's databases, in a route's signature."""
