"""How far a long read has come, in one line now and then. Who shows the line decides where it goes."""

import time
from collections.abc import Callable

from pipelines.sync.journal import StreamResult

EVERY_SECONDS = 10.0


class Progress:
    """Turns chunks into lines such as ``contacts: 120,000 of 1,000,000, 4,300 rows/s, about 3 min left``."""

    def __init__(self, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._began: dict[str, float] = {}
        self._shown = clock()

    def __call__(self, result: StreamResult) -> None:
        """Show a line where the last one is ten seconds old."""
        now = self._clock()
        began = self._began.setdefault(result.stream, self._shown)
        if now - self._shown >= EVERY_SECONDS:
            self._shown = now
            self._show(line(result, now - began))


def line(result: StreamResult, seconds: float) -> str:
    """Say how far a stream is after ``seconds``; with an estimate where the vendor says how much there is."""
    rate = result.rows_read / max(seconds, 0.001)
    if not result.expected or result.rows_read >= result.expected:
        return f"{result.stream}: {result.rows_read:,} rows, {rate:,.0f} rows/s"
    left = (result.expected - result.rows_read) / max(rate, 0.001)
    return (
        f"{result.stream}: {result.rows_read:,} of {result.expected:,} rows, {rate:,.0f} rows/s, {_duration(left)} left"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
