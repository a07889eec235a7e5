"""Keeps requests within the vendor's limits before it has to refuse them. What a refusal means is decided elsewhere."""

from collections import deque
from collections.abc import Callable, Mapping

_SEARCHES, _SEARCH_SECONDS = 5, 1.0
_MARGIN = 0.01


class Pacer:
    """Waits when the vendor said that none is left, and spaces searches, which have a limit of their own."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._free_at = 0.0
        self._searches: deque[float] = deque(maxlen=_SEARCHES)

    def wait(self, *, is_search: bool) -> float:
        """Return the seconds waited until the next request may go."""
        now = self._clock()
        ready = self._free_at
        if is_search:
            ready = self._searches[0] + _SEARCH_SECONDS + _MARGIN if len(self._searches) == _SEARCHES else 0.0
        delay = max(0.0, ready - now)
        if delay:
            self._sleep(delay)
        if is_search:
            self._searches.append(self._clock())
        return delay

    def note(self, headers: Mapping[str, str]) -> None:
        """Read what a reply says about the limit."""
        left = headers.get("x-hubspot-ratelimit-remaining", "")
        interval = headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
        if left.isdigit() and interval.isdigit() and int(left) == 0:
            self._free_at = self._clock() + int(interval) / 1000 + _MARGIN
