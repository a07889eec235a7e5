"""Ends open streams whose caller may no longer listen: token expired or revoked, user disabled, tenant suspended.

One question a tenant and second tells whose standing changed, whatever the number of streams; only those are asked for
their tokens again. Every stream's token is asked again now and then all the same.
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.auth.subject import TRUSTED_SECONDS, Authenticator
from serving.events.repository import StandingRepository
from serving.events.streams import Stream
from serving.kit.databases import Databases
from tekup.tenancy import TenantContext

LOOK_SECONDS = 1.0
ASK_AGAIN_SECONDS = 20.0
_log = structlog.get_logger("serving.events")


class AccessWatch:
    """Watches over the open streams of this process."""

    def __init__(self, databases: Databases, authenticator: Authenticator) -> None:
        self._databases, self._authenticator = databases, authenticator
        self._streams: dict[UUID, dict[int, Stream]] = {}
        self._standing: dict[UUID, dict[UUID, str]] = {}
        self._ask_at: dict[int, float] = {}
        self.is_over = False

    def add(self, stream: Stream) -> None:
        """Watch over a stream."""
        self._streams.setdefault(stream.subject.tenant_id, {})[id(stream)] = stream
        self._ask_at[id(stream)] = time.monotonic() + min(ASK_AGAIN_SECONDS, seconds_left(stream.token))

    def remove(self, stream: Stream) -> None:
        """The stream is closed."""
        of_tenant = self._streams.get(stream.subject.tenant_id, {})
        of_tenant.pop(id(stream), None)
        self._ask_at.pop(id(stream), None)
        if not of_tenant:
            self._streams.pop(stream.subject.tenant_id, None)
            self._standing.pop(stream.subject.tenant_id, None)

    def end_all(self, reason: str) -> None:
        """End every stream and open no other; the clients may come back, to another process."""
        self.is_over = True
        for stream in self._all():
            stream.end(reason, come_back=True)

    async def run(self) -> None:
        """Look every second until cancelled. While the database can't be asked nobody is let go."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except (DBAPIError, PoolTimeout, OSError) as error:
                _log.error("access watch waits", error=f"{type(error).__name__}: {error}"[:300])

    async def look(self) -> None:
        """One look at every tenant that has a stream."""
        now = time.monotonic()
        for tenant_id, streams in list(self._streams.items()):
            changed = await self._changed(tenant_id, {stream.subject.id for stream in streams.values()})
            for stream in list(streams.values()):
                if stream.subject.id in changed:
                    # the authenticator may trust the token for a moment more: ask until that is over
                    await self._ask(stream, now + TRUSTED_SECONDS)
                elif self._ask_at.get(id(stream), now + 1) <= now:
                    await self._ask(stream, now + min(ASK_AGAIN_SECONDS, seconds_left(stream.token)))

    async def _changed(self, tenant_id: UUID, subjects: set[UUID]) -> set[UUID]:
        """Whose standing is another than at the last look; of one who is new nothing is known yet."""
        async with self._databases.operational(TenantContext.system(tenant_id)) as session:
            found = await StandingRepository(session, tenant_id).standing_of(subjects)
        before = self._standing.get(tenant_id, {})
        self._standing[tenant_id] = found
        return {subject for subject in subjects if found.get(subject) != before.get(subject, found.get(subject))}

    async def _ask(self, stream: Stream, again_at: float) -> None:
        subject = await self._authenticator.authenticate(stream.token)
        if subject is None:
            stream.end("the token is expired or revoked, or its user or tenant is no longer active")
        else:
            stream.subject = subject
            self._ask_at[id(stream)] = again_at

    def _all(self) -> Iterable[Stream]:
        return [stream for streams in self._streams.values() for stream in streams.values()]


def seconds_left(token: str) -> float:
    """Until a JWT expires, going by its own word: it was verified when the stream was opened. Others do not say."""
    try:
        body = token.split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return ASK_AGAIN_SECONDS
    return max(0.0, expires - time.time()) + 0.05
