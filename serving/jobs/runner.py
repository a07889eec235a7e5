"""Running the queue's jobs with procrastinate. Which tasks there are is handed in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException

Task: TypeAlias = Callable[..., Awaitable[None]]
CONCURRENCY = 8
STALLED_LOOK_SECONDS = 15.0
STALLED_SECONDS = 30.0
KEPT_HOURS = 24
_PAUSES = (2.0, 10.0, 60.0, 600.0, 3600.0)
_FAULT_SECONDS = 2.0
_log = structlog.get_logger("serving.jobs")


class _Pauses(procrastinate.BaseRetryStrategy):
    """A task that raises is tried again after growing pauses; then it stands in the queue as failed."""

    def get_retry_decision(self, *, exception: BaseException, job: Any) -> procrastinate.RetryDecision | None:
        if job.attempts >= len(_PAUSES):
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": int(_PAUSES[job.attempts])})


def build_queue(conninfo: str, tasks: Mapping[str, Task]) -> procrastinate.App:
    """The queue behind ``conninfo`` (the worker role's) with its tasks by name."""
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo,
        min_size=1,
        max_size=4,
        kwargs={"options": "-c search_path=jobs", "application_name": "tekup jobs"},
    )
    app = procrastinate.App(connector=connector)
    for name, task in tasks.items():
        app.task(name=name, retry=_Pauses())(task)
    return app


async def run_jobs(queue: procrastinate.App, stopping: asyncio.Event) -> None:
    """Run jobs until ``stopping``; those that run then are finished first."""
    while not stopping.is_set():
        try:
            async with queue.open_async():
                await _work(queue, stopping)
        except (ConnectorException, OSError) as error:
            _log.error("jobs wait", error=f"{type(error).__name__}: {error}"[:300])
            await asyncio.sleep(_FAULT_SECONDS)


async def _work(queue: procrastinate.App, stopping: asyncio.Event) -> None:
    worker = asyncio.create_task(
        queue.run_worker_async(
            concurrency=CONCURRENCY,
            install_signal_handlers=False,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=10.0,
            delete_jobs="successful",
        )
    )
    reviving = asyncio.create_task(_revive(queue))
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({worker, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reviving, waiting):
            task.cancel()
        worker.cancel()  # the worker takes it as a request to stop gracefully
        await asyncio.gather(worker, return_exceptions=True)


async def _revive(queue: procrastinate.App) -> None:
    """Give jobs of workers that died back to the queue."""
    while True:
        for job in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            _log.warning("job of a dead worker", job_id=job.id, task=job.task_name)
            await queue.job_manager.retry_job(job)
        await queue.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS * 30, include_failed=True)
        await asyncio.sleep(STALLED_LOOK_SECONDS)
