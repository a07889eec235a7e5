"""Faults that a test can switch on, the request log and the vendors' rate limits. No vendor's data."""

from collections import deque
from dataclasses import dataclass, field

from integrations.sandbox.exchange import Clock

KINDS = (
    "status",
    "reset",
    "truncate",
    "slow",
    "invalid_json",
    "content_type",
    "drip",
    "expired_token",
    "refusal",
    "incomplete",
)


@dataclass
class Fault:
    """Spoils matching requests from the ``nth`` on, ``times`` times (0: until cleared)."""

    kind: str
    vendor: str | None = None
    tenant: str | None = None
    path: str | None = None
    nth: int = 1
    times: int = 1
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0.0
    seen: int = 0
    fired: int = 0

    def hits(self, vendor: str, tenant: str, path: str) -> bool:
        if self.vendor not in (None, vendor) or self.tenant not in (None, tenant):
            return False
        if self.path is not None and self.path not in path:
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times and self.fired >= self.times):
            return False
        self.fired += 1
        return True


@dataclass
class Faults:
    """The faults now switched on."""

    active: list[Fault] = field(default_factory=list)

    def find(self, vendor: str, tenant: str, path: str) -> Fault | None:
        return next((fault for fault in self.active if fault.hits(vendor, tenant, path)), None)


@dataclass(frozen=True)
class Limit:
    """At most ``requests`` in ``seconds``."""

    requests: int
    seconds: float


# The vendors' published limits; "relaxed" serves demos, where the limit would only cost time.
REAL_LIMITS = {
    "hubspot": Limit(190, 10),
    "hubspot-search": Limit(5, 1),
    "stripe": Limit(100, 1),
    "kit": Limit(120, 60),
    "kit-oauth": Limit(600, 60),
    "openai": Limit(500, 60),
}
RELAXED_LIMITS = {name: Limit(100_000, limit.seconds) for name, limit in REAL_LIMITS.items()}


class Limiter:
    """Counts requests per credential in a rolling window."""

    def __init__(self, limits: dict[str, Limit], clock: Clock) -> None:
        self.limits = dict(limits)
        self._clock = clock
        self._times: dict[tuple[str, str], deque[float]] = {}

    def take(self, name: str, tenant: str) -> tuple[bool, int, Limit, float]:
        """Return whether the request may pass, how many are left, the limit, and seconds until one is free."""
        limit, now = self.limits[name], self._clock()
        times = self._times.setdefault((name, tenant), deque())
        while times and times[0] <= now - limit.seconds:
            times.popleft()
        if len(times) >= limit.requests:
            return False, 0, limit, times[0] + limit.seconds - now
        times.append(now)
        return True, limit.requests - len(times), limit, 0.0
