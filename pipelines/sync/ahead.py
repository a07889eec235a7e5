"""Fetching ahead of the load, in bounded measure, by a second thread. It knows neither vendor nor database."""

import queue
import threading
from collections.abc import Iterator

from integrations.source import Page

PAGES_AHEAD = 8


def fetch_ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield the same pages, fetched up to ``PAGES_AHEAD`` in front of whoever takes them."""
    waiting: queue.Queue[Page | BaseException | None] = queue.Queue(PAGES_AHEAD)
    stopped = threading.Event()

    def put(item: Page | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for page in pages:
                if not put(page):
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=fetch, name="fetch-ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
