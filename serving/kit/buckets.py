"""Token buckets by the generic cell rate algorithm: one number a key, the time at which its bucket is full again.

How many processes share the numbers is the store's affair; which keys a request has is `serving.kit.rate_limits`'.
"""

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds; all of them may come at once after a rest."""

    name: str
    amount: int
    seconds: int

    @property
    def cost(self) -> float:
        """Seconds by which one request delays the bucket's being full."""
        return self.seconds / self.amount


def parse_limit(name: str, text: str) -> Limit | None:
    """A limit such as ``600/minute``; None for ``off``.

    Raises:
        ValueError: the text is neither.

    >>> parse_limit("token", "600/minute")
    Limit(name='token', amount=600, seconds=60)
    """
    if text.strip().lower() == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(second|minute|hour|day)", text.strip().lower())
    if not found:
        raise ValueError("must be like 600/minute, or off")
    return Limit(name, int(found[1]), _SECONDS[found[2]])


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may go on, by the limit that is nearest to being reached."""

    limit: Limit
    is_allowed: bool
    remaining: int
    reset_seconds: float
    wait_seconds: float


def judge(limit: Limit, full_at: float, now: float) -> Verdict:
    """What one more request makes of a bucket that is full at ``full_at``."""
    after = max(full_at, now) + limit.cost
    room = limit.seconds - (after - now)
    # a few nanoseconds of rounding must not cost the last request of a burst
    if room < -1e-6:
        return Verdict(limit, False, 0, max(full_at - now, 0.0), -room)
    return Verdict(limit, True, math.floor(room / limit.cost + 1e-6), after - now, 0.0)


class Buckets(Protocol):
    """A store of buckets."""

    async def take(self, wanted: Sequence[tuple[str, Limit]]) -> Verdict:
        """Take one token from each bucket, or say which has none."""


class ProcessBuckets:
    """Buckets of this process alone; those unused the longest are forgotten when there are too many."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, wanted: Sequence[tuple[str, Limit]]) -> Verdict:
        """Take one token from each bucket; from none where one is empty."""
        now = self._now()
        verdicts = [judge(limit, self._full_at.get(key, now), now) for key, limit in wanted]
        worst = tightest(verdicts)
        if worst.is_allowed:
            for key, limit in wanted:
                self._full_at[key] = max(self._full_at.get(key, now), now) + limit.cost
                self._full_at.move_to_end(key)
            while len(self._full_at) > _REMEMBERED:
                self._full_at.popitem(last=False)
        return worst


def tightest(verdicts: Sequence[Verdict]) -> Verdict:
    """The refusal with the longest wait, else the one with the smallest share left."""
    refused = [verdict for verdict in verdicts if not verdict.is_allowed]
    if refused:
        return max(refused, key=lambda verdict: verdict.wait_seconds)
    return min(verdicts, key=lambda verdict: verdict.remaining / verdict.limit.amount)
