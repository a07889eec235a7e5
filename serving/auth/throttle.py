"""Throttling of sign-ins in this process. The window is per address and e-mail, so nobody can lock another out."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

WINDOW_SECONDS = 300.0
FAILURES_PER_PERSON = 10
FAILURES_PER_ADDRESS = 100
_REMEMBERED = 50_000


class SlidingWindow:
    """Counts events by key over the last ``seconds``; forgets the keys unused the longest when there are too many."""

    def __init__(self, limit: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._seconds, self._now = limit, seconds, now
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until ``key`` may try again; 0 when it may now."""
        events = self._recent(key)
        return 0.0 if len(events) < self._limit else max(0.0, events[0] + self._seconds - self._now())

    def note(self, key: str) -> None:
        """Count one event of ``key``."""
        events = self._recent(key)
        events.append(self._now())
        self._events[key] = events
        self._events.move_to_end(key)
        while len(self._events) > _REMEMBERED:
            self._events.popitem(last=False)

    def forget(self, key: str) -> None:
        """Start afresh for ``key``."""
        self._events.pop(key, None)

    def _recent(self, key: str) -> deque[float]:
        events = self._events.get(key) or deque()
        while events and events[0] <= self._now() - self._seconds:
            events.popleft()
        if not events:
            self._events.pop(key, None)
        return events


class SignInThrottle:
    """Failed sign-ins per address and e-mail, and per address over all e-mails."""

    def __init__(self) -> None:
        self._person = SlidingWindow(FAILURES_PER_PERSON, WINDOW_SECONDS)
        self._address = SlidingWindow(FAILURES_PER_ADDRESS, WINDOW_SECONDS)

    def wait(self, address: str, email: str) -> float:
        """Seconds until this address may try this e-mail again."""
        return max(self._person.wait(_key(address, email)), self._address.wait(address))

    def note_failure(self, address: str, email: str) -> None:
        """Count one wrong password."""
        self._person.note(_key(address, email))
        self._address.note(address)

    def note_success(self, address: str, email: str) -> None:
        """Forget the failures of a person who got in."""
        self._person.forget(_key(address, email))


def _key(address: str, email: str) -> str:
    return f"{address}\x1f{email.strip().lower()[:320]}"
