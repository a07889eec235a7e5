"""A worker in a thread, with a loop of its own."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from serving.worker import Worker
from tekup.db import Doors
from tekup.settings import Settings


@contextlib.contextmanager
def a_worker(settings: Settings, doors: Doors) -> Iterator[None]:
    """Work while the block runs."""
    stopping, loop = asyncio.Event(), asyncio.new_event_loop()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(Worker(settings, doors).run(stopping))
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        if not loop.is_closed() and thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)
        thread.join(20)
    assert not thread.is_alive(), "the worker did not stop"
    assert not faults, faults
