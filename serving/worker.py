"""The worker: numbers events, runs the platform's consumers and jobs, and prunes. Run by `python -m serving.worker`.

Any number may run side by side; they share the tenants. It stops gracefully on SIGTERM: what is under way is finished.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from serving.automation.engine import automation_consumer
from serving.consumers.broker_runner import BrokerRunner, Relay, release_relay
from serving.consumers.consumer import Consumer
from serving.consumers.jetstream import Broker
from serving.consumers.runner import ConsumerRunner
from serving.consumers.sequencer import run_sequencer
from serving.deliveries import dispatch
from serving.deliveries.dispatch import Dispatcher
from serving.deliveries.sending import Sender
from serving.jobs.runner import Task, build_queue, run_jobs
from serving.kit.databases import Databases
from serving.kit.metrics import Metrics
from serving.kit.wake import Wake
from serving.reactions import contacts, follow_up
from serving.reactions.follow_up import Reminder
from serving.reactions.scoring import scoring_consumer
from serving.scores.live_model import LiveModel
from serving.scores.service import ScoreDesk
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.log import configure_logging
from tekup.settings import POSTGRES, Settings, current_settings

PRUNE_SECONDS = 3600.0
_PRUNED_AT_ONCE = 10_000
_STOP_SECONDS = 8.0
_log = structlog.get_logger("serving.worker")


class Worker:
    """Everything that runs beside the API, over one set of settings."""

    def __init__(self, settings: Settings, doors: Doors | None = None) -> None:
        self._settings = settings
        self._doors = doors or Doors(settings)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until ``stopping`` is set."""
        doors, settings = self._doors, self._settings
        databases = Databases(doors)
        wake = Wake(doors.url(Database.OPERATIONAL, Role.APP))
        sender = Sender(allows_private=settings.webhooks_allow_private)
        live_model = LiveModel(settings.models_of("lead_score"), Metrics())
        desk = ScoreDesk(live_model, Metrics())
        consumers = platform_consumers(desk, databases)
        tasks: dict[str, Task] = {
            dispatch.TASK: Dispatcher(databases, doors.master_key, sender).deliver,
            follow_up.TASK: Reminder(databases).remind,
        }
        queue = build_queue(doors.url(Database.OPERATIONAL, Role.WORKER), tasks)
        works: list[Callable[[], Awaitable[None]]] = [
            wake.run,
            lambda: run_sequencer(databases),
            lambda: self._prune(databases),
        ]
        broker = None
        if settings.event_bus == POSTGRES:
            works += [ConsumerRunner(databases, consumer, wake).run for consumer in consumers]
        else:
            broker = Broker(settings.event_bus, keep=timedelta(days=settings.events_kept_days))
            works.append(Relay(databases, broker, wake).run)
            works += [BrokerRunner(databases, consumer, wake, broker).run for consumer in consumers]
        running = [asyncio.create_task(_kept_up(work)) for work in works]
        jobs = asyncio.create_task(run_jobs(queue, stopping))
        try:
            await stopping.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await jobs
        finally:
            # a batch that is cut off is rolled back whole, and comes again
            for task in [*running, jobs]:
                task.cancel()
            await asyncio.gather(*running, jobs, return_exceptions=True)
            if broker is not None:
                await broker.close()
            await sender.close()
            await live_model.close()
            await databases.close()

    async def _prune(self, databases: Databases) -> None:
        """Delete old events now and then."""
        while True:
            if self._settings.event_bus == POSTGRES:
                await release_relay(databases)
            before = utc_now() - timedelta(days=self._settings.events_kept_days)
            pruned = _PRUNED_AT_ONCE
            while pruned == _PRUNED_AT_ONCE:
                found = await databases.call(
                    "select app.prune_events(:before, :most)", before=before, most=_PRUNED_AT_ONCE
                )
                pruned = int(found[0])
            await asyncio.sleep(PRUNE_SECONDS)


def platform_consumers(desk: ScoreDesk, databases: Databases) -> list[Consumer]:
    """Every consumer of the platform."""
    return [
        scoring_consumer(desk, databases),
        contacts.CONSUMER,
        follow_up.CONSUMER,
        automation_consumer(databases),
        dispatch.CONSUMER,
    ]


async def _kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Run work that should never end; a bug in it is logged and does not end the rest."""
    while True:
        try:
            await work()
        except Exception as error:
            _log.error("work failed", error=f"{type(error).__name__}: {error}"[:300], exc_info=error)
        await asyncio.sleep(2.0)


def run_until_signal(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` with an event that SIGTERM or Ctrl-C sets."""

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await work(stopping)

    asyncio.run(main())


if __name__ == "__main__":
    settings = current_settings()
    configure_logging(settings.log_level)
    doors = Doors(settings)
    doors.prepare()
    run_until_signal(Worker(settings, doors).run)
    sys.exit(0)
