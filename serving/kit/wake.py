"""Being woken by PostgreSQL's NOTIFY over one connection a process. What there is to do is asked elsewhere.

A notification is a hint and may be lost with the connection: whoever waits also looks by himself now and then.
"""

import asyncio
import contextlib
from collections.abc import Callable
from uuid import UUID

import psycopg
import structlog

CHANNEL = "tekup_events"
_FAULT_SECONDS = 1.0
_log = structlog.get_logger("serving.wake")


class Wake:
    """Counts notifications, and lets any number of coroutines wait for the next. ``conninfo`` is the API role's."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._count = 0
        self._news = asyncio.Event()
        self._listeners: list[Callable[[frozenset[UUID] | None], None]] = []

    def on_wake(self, listener: Callable[[frozenset[UUID] | None], None]) -> None:
        """Call ``listener`` with the tenants that have news, or with None where any may have."""
        self._listeners.append(listener)

    def ticket(self) -> int:
        """What to hand to `wait`: a notification after this moment ends the wait, even one before it begins."""
        return self._count

    async def wait(self, ticket: int, seconds: float) -> int:
        """Wait for a notification later than ``ticket``, ``seconds`` at most; the next ticket."""
        if self._count == ticket:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        return self._count

    def ring(self, tenants: frozenset[UUID] | None = None) -> None:
        """Wake everybody."""
        self._count += 1
        self._news.set()
        self._news = asyncio.Event()
        for listener in self._listeners:
            listener(tenants)

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made anew, and everybody then looks."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._conninfo, autocommit=True, application_name="tekup wake", connect_timeout=5
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.ring()
                    async for notice in connection.notifies():
                        self.ring(_tenants(notice.payload))
            except psycopg.Error as error:
                _log.warning("not listening", error=f"{type(error).__name__}: {error}"[:200])
            await asyncio.sleep(_FAULT_SECONDS)


def _tenants(payload: str) -> frozenset[UUID] | None:
    try:
        return frozenset(UUID(part) for part in payload.split(",")) if payload else None
    except ValueError:
        return None
