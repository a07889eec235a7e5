"""A few daemon threads that do errands side by side and hand back futures. It knows no vendor and sends nothing."""

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
_Work: TypeAlias = "queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]"


class Crew:
    """At most ``size`` threads, started when there is work. They are daemons: no process waits for a slow vendor."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._work: _Work = queue.SimpleQueue()
        self._threads = 0
        self._lock = threading.Lock()

    def submit(self, errand: Callable[[], T]) -> Future[T]:
        """Return the errand's future."""
        future: Future[T] = Future()
        with self._lock:
            if self._threads < self.size:
                self._threads += 1
                threading.Thread(target=_serve, args=(self._work,), name="stripe-crew", daemon=True).start()
        self._work.put((future, errand))
        return future

    def gather(self, errands: Iterable[Callable[[], T]]) -> list[T]:
        """Return all results in the order of the errands; the first failure is raised and calls the others off."""
        futures = [self.submit(errand) for errand in errands]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """Let the threads end once their work is done."""
        with self._lock:
            for _ in range(self._threads):
                self._work.put(None)
            self._threads = 0

    def __del__(self) -> None:
        self.close()


def _serve(work: "_Work") -> None:
    while (task := work.get()) is not None:
        future, errand = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(errand())
            except BaseException as error:
                future.set_exception(error)
        # an idle thread must keep nothing alive
        del task, future, errand
