"""Consumers over a broker: the relay sends the log there in order, the runners take it from there in order again.

The table stays the truth. A position is dense in its tenant's log, so that what the broker gives twice, late or out of
order is told by the cursor, and what it never gives is read from the table.
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from serving.consumers.consumer import Consumer
from serving.consumers.jetstream import Broker, event_in, fetch
from serving.consumers.repository import ConsumerRepository, ParkedRepository
from serving.consumers.runner import BATCH, ConsumerRunner
from serving.kit.databases import Databases
from serving.kit.wake import Wake
from tekup.contracts.envelope import Event
from tekup.tenancy import TenantContext

SUSPENDED = -2
RELAY = "broker"
"""The relay's name among the consumers: `tekup events consumers` shows how far it has come."""
SWEEP_SECONDS = 5.0
_FETCH_SECONDS = 1.0
_AGAIN_SECONDS = 0.2
_FAULT_SECONDS = 2.0
_ALL_TENANTS = 1_000_000
_log = structlog.get_logger("serving.consumers")


class Relay(ConsumerRunner):
    """Sends every tenant's log to the broker. What was sent and not noted as sent is sent again, and kept once."""

    def __init__(self, databases: Databases, broker: Broker, wake: Wake, batch: int = BATCH) -> None:
        super().__init__(databases, Consumer(RELAY, {"*": _nothing}), wake, batch)
        self._broker = broker

    async def take(self, session: object, repository: ConsumerRepository, events: list[Event]) -> None:
        """Send them; the cursor moves once the broker has all."""
        await self._broker.send(events)


class BrokerRunner(ConsumerRunner):
    """Runs one consumer on what the broker gives; a sweep of the table does retries, replays and what never came."""

    def __init__(
        self, databases: Databases, consumer: Consumer, wake: Wake, broker: Broker, batch: int = BATCH
    ) -> None:
        super().__init__(databases, consumer, wake, batch)
        self._broker = broker

    async def run(self) -> None:
        """Follow the broker and sweep the table until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._sweep())

    async def _follow(self) -> None:
        place = None
        while True:
            try:
                place = place or await self._broker.subscribe(self._consumer.name)
                await self._answer(await fetch(place, self._batch, _FETCH_SECONDS))
            except (DBAPIError, PoolTimeout, OSError, NatsError) as error:
                _log.error(
                    "consumer waits", consumer=self._consumer.name, error=f"{type(error).__name__}: {error}"[:300]
                )
                place = None
                await asyncio.sleep(_FAULT_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                while await self.run_once():
                    pass
            except (DBAPIError, PoolTimeout, OSError) as error:
                _log.error("sweep waits", consumer=self._consumer.name, error=f"{type(error).__name__}: {error}"[:300])

    async def _answer(self, messages: Sequence[Msg]) -> int:
        """Do what can be done now; the rest is asked for again. A message is answered after its effect is committed."""
        known: list[tuple[Event, Msg]] = []
        for message in messages:
            event = event_in(message)
            if event is None:
                _log.error("no event", consumer=self._consumer.name, subject=message.subject[:200])
                await message.term()
            else:
                known.append((event, message))
        known.sort(key=lambda one: (str(one[0].tenant_id), one[0].pos))
        done = 0
        for tenant_id, group in groupby(known, key=lambda one: one[0].tenant_id):
            pairs = list(group)
            reached = await self.take_tenant(tenant_id, [event for event, _ in pairs])
            for event, message in pairs:
                if event.pos <= reached:
                    await message.ack()
                    done += 1
                elif reached == SUSPENDED:
                    await message.ack()
                else:
                    await message.nak(delay=_AGAIN_SECONDS)
        return done

    async def take_tenant(self, tenant_id: UUID, events: Sequence[Event]) -> int:
        """Do these events and those before them that the broker has not given; up to where all is done.

        -1 where another worker is at it; `SUSPENDED` where they wait, in the table, until the tenant is active again.
        """
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = ConsumerRepository(session, tenant_id, self._consumer.name)
            if not await repository.is_active():
                return SUSPENDED
            cursor = await repository.lock_cursor()
            if cursor is None:
                return -1
            reached = cursor
            following: list[Event] = []
            types = self._consumer.types
            for event in events:
                if event.pos <= reached:
                    continue
                if event.pos > reached + 1:
                    missing = await repository.after(reached, self._batch, upto=event.pos - 1, types=types)
                    following += missing
                    if len(missing) == self._batch:
                        reached = missing[-1].pos
                        break
                reached = event.pos
                following.append(event)
            wanted = [event for event in following if types is None or event.type in types]
            if wanted:
                await self.take(session, repository, wanted)
            if reached > cursor:
                await repository.move_cursor(reached)
            return reached


async def release_relay(databases: Databases) -> None:
    """Without a broker, let no relay of former days keep old events from being pruned."""
    for tenant_id in await databases.call(
        "select app.tenants_behind(:consumer, :most)", consumer=RELAY, most=_ALL_TENANTS
    ):
        async with databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            known = {row.consumer for row in await ParkedRepository(session, tenant_id).cursors()}
            repository = ConsumerRepository(session, tenant_id, RELAY)
            if RELAY in known and await repository.lock_cursor() is not None:
                await repository.move_cursor(await repository.head())


async def _nothing(session: object, event: Event) -> None:
    """The relay's effect is outside of the database."""
