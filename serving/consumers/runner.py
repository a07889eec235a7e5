"""Running a consumer: inbox, effect and cursor in one transaction, so that an event's effect is there exactly once.

A worker that dies loses the transaction and nothing else. Of several workers each locks another tenant's cursor.
"""

import asyncio
import random
from typing import Any
from uuid import UUID

import structlog
from psycopg import errors as pg_errors
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from serving.consumers.consumer import Consumer
from serving.consumers.repository import ConsumerRepository
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.tenancy import TenantContext

BATCH = 200
TENANTS_AT_ONCE = 20
POLL_SECONDS = 1.0
_FAULT_SECONDS = 2.0
_ERROR_LENGTH = 500
_log = structlog.get_logger("serving.consumers")


class ConsumerRunner:
    """Runs one consumer over all tenants."""

    def __init__(self, databases: Databases, consumer: Consumer, wake: Wake, batch: int = BATCH) -> None:
        self._databases, self._consumer, self._wake, self._batch = databases, consumer, wake, batch

    async def run(self) -> None:
        """Follow the log until cancelled. A fault of the database is waited out."""
        ticket = self._wake.ticket()
        while True:
            try:
                busy = await self.run_once()
            except (DBAPIError, PoolTimeout, OSError) as error:
                _log.error(
                    "consumer waits", consumer=self._consumer.name, error=f"{type(error).__name__}: {error}"[:300]
                )
                await asyncio.sleep(_FAULT_SECONDS)
                continue
            if not busy:
                ticket = await self._wake.wait(ticket, POLL_SECONDS)

    async def run_once(self) -> bool:
        """One batch of each tenant that has news; whether there was any."""
        tenants = await self._databases.call(
            "select app.tenants_behind(:consumer, :most)", consumer=self._consumer.name, most=TENANTS_AT_ONCE
        )
        moved = [await self.run_tenant(tenant_id) for tenant_id in tenants]
        return any(moved)

    async def run_tenant(self, tenant_id: UUID) -> bool:
        """One batch of one tenant; whether anything was done."""
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = ConsumerRepository(session, tenant_id, self._consumer.name)
            cursor = await repository.lock_cursor()
            if cursor is None:
                return False
            retried = await self._retry(session, repository)
            head = await repository.head()
            events = await repository.after(cursor, self._batch, upto=head, types=self._consumer.types)
            if events:
                await self.take(session, repository, events)
            reached = events[-1].pos if len(events) == self._batch else head
            if reached > cursor:
                await repository.move_cursor(reached)
        return retried or reached > cursor

    async def take(self, session: AsyncSession, repository: ConsumerRepository, events: list[Event]) -> None:
        """Work through events in order. One that fails is parked, and those of its key that follow with it."""
        blocked = await repository.blocked_keys()
        free = [event for event in events if event.key not in blocked]
        # nearly always all goes well, and one savepoint for all costs a fraction of one for each
        went_well = await self._attempt(session, repository, free) is None
        for event in events:
            if event.key in blocked:
                await repository.park(event, attempts=0, error=None, state="waiting", pause=None)
            elif not went_well:
                error = await self._attempt(session, repository, [event])
                if error is not None:
                    blocked.add(event.key)
                    await self._park(repository, event, 1, error)

    async def _retry(self, session: AsyncSession, repository: ConsumerRepository) -> bool:
        """Try the first parked event of each key whose time has come, and after it those behind it."""
        due = await repository.due(self._batch)
        for first in due:
            parked: Row[Any] | None = first
            done = 0
            while parked is not None and done < self._batch:
                event = await repository.find(parked.event_id)
                assert event is not None  # a parked event can't be pruned
                error = await self._attempt(session, repository, [event])
                if error is not None:
                    await self._park(repository, event, parked.attempts + 1, error)
                    break
                await repository.unpark(event.id)
                parked, done = await repository.first_parked(first.key), done + 1
            else:
                if parked is not None:
                    await repository.wake(first.key)
        return bool(due)

    async def _attempt(self, session: AsyncSession, repository: ConsumerRepository, events: list[Event]) -> str | None:
        """Do the events' effects in a savepoint; the error that undid it, or None."""
        if not events:
            return None
        try:
            async with session.begin_nested():
                new = await repository.note_done(events)
                for event in events:
                    handler = self._consumer.handler_of(event)
                    if event.id in new and handler is not None:
                        await handler(session, event)
        except Exception as error:
            if _is_outage(error):
                raise
            return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH].replace("\x00", "")
        return None

    async def _park(self, repository: ConsumerRepository, event: Event, attempts: int, error: str) -> None:
        pauses = self._consumer.pauses
        is_dead = attempts > len(pauses)
        pause = None if is_dead else pauses[attempts - 1] * random.uniform(0.8, 1.2)  # spreads retries
        await repository.park(
            event, attempts=attempts, error=error, state="dead" if is_dead else "waiting", pause=pause
        )
        _log.warning(
            "event dead" if is_dead else "event parked",
            consumer=self._consumer.name, event_id=str(event.id), event_type=event.type, attempts=attempts, error=error,
        )  # fmt: skip


def _is_outage(error: Exception) -> bool:
    """Whether the database is at fault and not the event: then the whole batch is tried again."""
    if isinstance(error, PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, pg_errors.OperationalError)
    )
