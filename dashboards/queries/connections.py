"""Connections of the warehouse's reader that are used again. Opening one costs more than most of the pages' queries.

psycopg's own pool waits for a server that is down until its time is over; a page has to say so at once.
"""

import contextlib
import threading
from collections.abc import Iterator

import psycopg
from psycopg.pq import TransactionStatus

from tekup.db import Database, Doors, Role, bound
from tekup.tenancy import TenantContext

MOST_IDLE = 8


class ReaderConnections:
    """At most `MOST_IDLE` connections wait to be used again; more are opened when needed and closed afterwards.

    Whose rows a connection reads is set for one transaction alone and gone with it. A connection that comes back in
    any other state than idle is closed.
    """

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._idle: list[psycopg.Connection] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def transaction(self, context: TenantContext) -> Iterator[psycopg.Connection]:
        """A read-only transaction of one tenant.

        Raises:
            DatabaseUnavailable: the warehouse can't be reached.
        """
        connection = self._take()
        try:
            with bound(connection, context, read_only=True):
                yield connection
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close those that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> psycopg.Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._doors.connect(Database.WAREHOUSE, Role.READER)
            try:
                connection.execute("select 1")  # the server may have been started anew meanwhile
                return connection
            except psycopg.OperationalError:
                connection.close()

    def _give_back(self, connection: psycopg.Connection) -> None:
        is_clean = not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE
        with self._lock:
            if is_clean and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()
