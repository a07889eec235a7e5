"""Events on their way to open streams: one reading of the log a tenant and process, whatever the number of streams.

A stream holds a position and no queue. The newest events stand in a window that all streams of a tenant share; one that
fell behind it reads the log at its own pace, so a slow client costs no memory and loses nothing.
"""

import asyncio
import contextlib
from collections import deque
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.consumers.repository import EventRepository
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.tenancy import TenantContext

WINDOW = 1000
PAGE = 200
LOOK_SECONDS = 5.0
"""How often the log is read without having been woken."""
_log = structlog.get_logger("serving.events")


class Feed:
    """The newest events of one tenant."""

    def __init__(self, tenant_id: UUID, head: int) -> None:
        self.tenant_id, self.head = tenant_id, head
        self.window: deque[Event] = deque(maxlen=WINDOW)
        self.streams = 0
        self._news = asyncio.Event()

    def add(self, events: list[Event]) -> None:
        """Take new events in and wake the streams."""
        if events:
            self.window.extend(events)
            self.head = events[-1].pos
            self.wake()

    def wake(self) -> None:
        """Let every stream look."""
        self._news.set()
        self._news = asyncio.Event()

    def holds(self, pos: int) -> bool:
        """Whether the window reaches back to what follows ``pos``."""
        return pos >= self.head or (bool(self.window) and self.window[0].pos <= pos + 1)

    def after(self, pos: int) -> list[Event]:
        """A page of what follows ``pos``, which the window holds. Positions are dense, so its place is known."""
        if pos >= self.head:
            return []
        start = pos + 1 - self.window[0].pos
        return [self.window[place] for place in range(start, min(start + PAGE, len(self.window)))]

    async def wait(self, pos: int, seconds: float) -> None:
        """Wait until there is something after ``pos``, or something else to look at; ``seconds`` at most."""
        if pos < self.head:
            return
        news = self._news
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await news.wait()


class Feeds:
    """The feeds of all tenants that have a stream open here."""

    def __init__(self, databases: Databases, wake: Wake) -> None:
        self._databases, self._wake = databases, wake
        self._feeds: dict[UUID, Feed] = {}
        self._stale: set[UUID] = set()
        self._opening = asyncio.Lock()
        wake.on_wake(self._note)

    @property
    def open_streams(self) -> int:
        """How many streams are open in this process."""
        return sum(feed.streams for feed in self._feeds.values())

    async def join(self, tenant_id: UUID) -> Feed:
        """The tenant's feed, for one stream more."""
        async with self._opening:
            feed = self._feeds.get(tenant_id)
            if feed is None:
                feed = self._feeds[tenant_id] = Feed(tenant_id, await self._head(tenant_id))
            feed.streams += 1
            return feed

    def leave(self, feed: Feed) -> None:
        """One stream less."""
        feed.streams -= 1
        if feed.streams == 0:
            self._feeds.pop(feed.tenant_id, None)

    async def page(self, tenant_id: UUID, pos: int) -> list[Event]:
        """A page of what follows ``pos``, from the log itself."""
        async with self._databases.operational(TenantContext.system(tenant_id)) as session:
            return await EventRepository(session, tenant_id).after(pos, PAGE)

    async def kept_from(self, tenant_id: UUID) -> int:
        """The first position that is still in the log."""
        async with self._databases.operational(TenantContext.system(tenant_id)) as session:
            return await EventRepository(session, tenant_id).first()

    async def run(self) -> None:
        """Read what is new until cancelled."""
        ticket = self._wake.ticket()
        while True:
            before = ticket
            ticket = await self._wake.wait(ticket, LOOK_SECONDS)
            stale = set(self._feeds) if ticket == before else self._stale & set(self._feeds)
            self._stale -= stale
            for tenant_id in stale:
                feed = self._feeds.get(tenant_id)
                try:
                    while feed is not None and await self._read(feed):
                        pass
                except (DBAPIError, PoolTimeout, OSError) as error:
                    _log.error("feed waits", error=f"{type(error).__name__}: {error}"[:300])

    async def _read(self, feed: Feed) -> bool:
        """Read one page; whether there may be more."""
        events = await self.page(feed.tenant_id, feed.head)
        feed.add(events)
        return len(events) == PAGE

    async def _head(self, tenant_id: UUID) -> int:
        async with self._databases.operational(TenantContext.system(tenant_id)) as session:
            return await EventRepository(session, tenant_id).head()

    def _note(self, tenants: frozenset[UUID] | None) -> None:
        self._stale |= set(self._feeds) if tenants is None else tenants & set(self._feeds)
