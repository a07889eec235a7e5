"""A vendor's webhook: proof of its sender, and events that say what to read again. Nothing is stored here.

An event is never the data itself. It may come twice, late, out of order and in an old version, so all that counts is
which objects it names; those are read again.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from tekup.errors import VendorError

TOLERANCE_SECONDS = 300.0
"""How old a signed delivery may be, and how far in the future: the vendors' own verifiers accept any future stamp."""
MOST_HINTS = 50
"""One event names at most this many objects; what names more is left to the next pull."""


class WebhookRefused(VendorError):
    """A delivery was not signed by the vendor, or not lately."""


class WebhookUnreadable(VendorError):
    """A delivery is not in the vendor's shape."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One HTTP request as the vendor sent it: ``uri`` is the whole address that it used, header names in lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Hint:
    """An object to read again."""

    stream: str
    object_id: str


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One event of a delivery.

    ``dedupe_key`` is equal for repetitions of one event alone. ``is_erasure`` says that the vendor erased the objects
    for good, on a person's demand.
    """

    dedupe_key: str
    event_type: str
    payload: bytes
    hints: tuple[Hint, ...]
    occurred_at: datetime | None = None
    is_erasure: bool = False

    def hints_json(self) -> str:
        """The hints as JSON: pairs of stream and object id."""
        return orjson.dumps([(hint.stream, hint.object_id) for hint in self.hints]).decode()


@dataclass(frozen=True, slots=True)
class WebhookFormat:
    """How one vendor's deliveries are proven and read.

    ``verify`` raises `WebhookRefused`, ``read`` raises `WebhookUnreadable`. ``has_event_ids`` is False where equal
    deliveries may be two events, so that a repetition must count as news.
    """

    verify: Callable[[Arrival, Sequence[str], float], None]
    read: Callable[[bytes], list[WebhookEvent]]
    has_event_ids: bool = True


def check_age(stamp: float, now: float) -> None:
    """Refuse a stamp (in seconds since the epoch) that is too old or too far ahead.

    Raises:
        WebhookRefused: it is.
    """
    if not abs(now - stamp) <= TOLERANCE_SECONDS:
        raise WebhookRefused(f"the delivery's time is more than {TOLERANCE_SECONDS:.0f} seconds away from ours")


def parse_json(body: bytes) -> Any:
    """The body as JSON.

    Raises:
        WebhookUnreadable: it is none.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise WebhookUnreadable("the body is not JSON") from None


def instant(seconds: object) -> datetime | None:
    """Seconds since the epoch as an instant, or None where they make none."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def line(text: object) -> str:
    """A short text that any column can hold."""
    return str(text).replace("\x00", "")[:200]


def distinct(hints: Iterable[Hint]) -> tuple[Hint, ...]:
    """The hints, each once and in order, up to the bound."""
    return tuple(dict.fromkeys(hints))[:MOST_HINTS]
