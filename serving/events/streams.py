"""One open stream: what it may and wants to see, where it stands, why it ends. No wire format is known here."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeAlias

from serving.auth.subject import Subject
from serving.events.feeds import Feed, Feeds
from tekup.contracts.envelope import Event
from tekup.contracts.events import scope_of

HEARTBEAT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Behind:
    """The client is slower than the events: it is served from the log until it has caught up."""

    events: int


@dataclass(frozen=True, slots=True)
class Missed:
    """Events between two positions are no longer kept: what the client knows must be fetched anew."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing happened that the client may see; it stands at ``pos``."""

    pos: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream is over, and whether the client should come back with the same token."""

    reason: str
    come_back: bool


Frame: TypeAlias = Event | Behind | Missed | Heartbeat | Ended


@dataclass(slots=True)
class Stream:
    """A stream of one caller. ``subject`` changes when what he may do changes."""

    feed: Feed
    subject: Subject
    token: str
    pos: int
    types: frozenset[str] | None = None
    aggregates: frozenset[str] | None = None
    ended: Ended | None = None
    opened_at: float = field(default_factory=time.monotonic)

    def end(self, reason: str, *, come_back: bool = False) -> None:
        """End the stream once what is on its way is sent."""
        if self.ended is None:
            self.ended = Ended(reason, come_back)
            self.feed.wake()

    def wants(self, event: Event) -> bool:
        """Whether the event passes the filters and the caller's scopes."""
        if self.types is not None and event.type not in self.types:
            return False
        if self.aggregates is not None and not {event.aggregate_type, event.key} & self.aggregates:
            return False
        return scope_of(event.type, event.version) in self.subject.scopes


async def follow(feeds: Feeds, stream: Stream, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[Frame]:
    """The frames of a stream, until it ends."""
    kept_from = await feeds.kept_from(stream.feed.tenant_id)
    if stream.pos + 1 < kept_from:
        yield Missed(stream.pos + 1, kept_from - 1)
        stream.pos = kept_from - 1
    has_been_live, quiet_since = False, time.monotonic()
    while stream.ended is None:
        feed = stream.feed
        if feed.holds(stream.pos):
            events, has_been_live = feed.after(stream.pos), True
        else:
            if has_been_live:
                has_been_live = False
                yield Behind(feed.head - stream.pos)
            events = await feeds.page(feed.tenant_id, stream.pos)
        for event in events:
            stream.pos = event.pos
            if stream.ended is not None:
                break
            if stream.wants(event):
                quiet_since = time.monotonic()
                yield event
        left = quiet_since + heartbeat - time.monotonic()
        if left <= 0:
            quiet_since = time.monotonic()
            yield Heartbeat(stream.pos)
        elif not events:
            await feed.wait(stream.pos, left)
        else:
            await asyncio.sleep(0)  # a long catch-up lets others have their turn
    yield stream.ended
