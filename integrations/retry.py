"""The one retry policy for all vendors: what is tried again, how long, the clear error at the end. No vendor here."""

import queue
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import orjson

from integrations.source import JSON, Cursor, Page, Record, Side
from tekup.errors import CredentialRefused, PermissionLacking, VendorError

_Outcome: TypeAlias = "queue.SimpleQueue[Reply | BaseException]"
_Errands: TypeAlias = "queue.SimpleQueue[tuple[Callable[[], Reply], _Outcome] | None]"
_LONE_SURROGATE = re.compile(
    rb"(?i)(?<!\\)((?:\\\\)*)(?:\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    rb"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2})"
)
Read: TypeAlias = Callable[[bytes], Any]
RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Reply:
    """A vendor's answer before anybody has judged it; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No whole answer came: refused, reset, timed out or cut off. Clients raise it for their SDK's own errors."""


class Missing(VendorError):
    """The vendor has no such object (404)."""


@dataclass
class Meter:
    """Counts what pages report; clients add the names of fields that they saw to ``fields``.

    It also learns by how much the vendor's clock goes otherwise than ``clock``: a bookmark taken from a clock that is
    ahead would skip what the vendor changes in between.
    """

    clock: Callable[[], float] = time.time
    ahead_seconds: float = 0.0
    requests: int = 0
    retries: int = 0
    throttled_ms: int = 0
    received: int = 0
    fields: set[str] = field(default_factory=set)

    def now(self) -> float:
        """Return the vendor's time in seconds since the epoch, as far as its answers have told it."""
        return self.clock() - self.ahead_seconds

    def note_date(self, text: str | None) -> None:
        """Compare clocks by an answer's Date header; below two seconds it is the way's length and the rounding."""
        if text is None:
            return
        try:
            ahead = self.clock() - parsedate_to_datetime(text).timestamp()
        except ValueError:
            return
        self.ahead_seconds = ahead if abs(ahead) > 2.0 else 0.0

    def add(self, other: "Meter") -> None:
        """Count what ``other`` has counted, which starts over: requests of another thread have a meter of their own."""
        self.requests += other.requests
        self.retries += other.retries
        self.throttled_ms += other.throttled_ms
        self.received += other.received
        self.ahead_seconds = other.ahead_seconds
        other.requests = other.retries = other.throttled_ms = other.received = 0

    def page(
        self,
        records: list[Record],
        cursor: Cursor,
        replaces: tuple[str, ...] = (),
        *,
        sides: tuple[Side, ...] = (),
        expected: int | None = None,
    ) -> Page:
        """Return a page with the counts since the last one."""
        page = Page(
            records,
            cursor,
            self.requests,
            self.retries,
            self.throttled_ms,
            replaces,
            sides,
            self.received,
            expected,
            frozenset(self.fields),
        )
        self.requests = self.retries = self.throttled_ms = self.received = 0
        self.fields.clear()
        return page


@dataclass
class RetryPolicy:
    """At most ``attempts`` tries and ``budget_seconds`` of waiting per request; waits grow with jitter.

    A try that has no whole answer after ``deadline_seconds`` counts as failed: socket timeouts alone never end an
    answer that drips in byte by byte. A Retry-After is honoured as given up to ``longest_wait``: more than that is the
    vendor saying "not now", and the request fails at once so that the next scheduled pull may take over.
    """

    attempts: int = 6
    base_seconds: float = 0.5
    cap_seconds: float = 20.0
    longest_wait: float = 120.0
    budget_seconds: float = 180.0
    deadline_seconds: float = 90.0
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = field(default=random.random)
    _couriers: "list[_Courier]" = field(default_factory=list)

    def run(
        self,
        vendor: str,
        what: str,
        send: Callable[[], Reply],
        meter: Meter,
        renew: Callable[[], bool] | None = None,
        first: "Try | None" = None,
        read: "Read | None" = None,
    ) -> JSON:
        """Send until an answer can be read as JSON; return it (None for an empty body).

        A 401 is tried once more where ``renew`` says that it got another access token. ``first`` is the first try
        where it was sent ahead. ``read`` reads a body otherwise than ``read_json``; a ValueError says that it can't.

        Raises:
            CredentialRefused: 401.
            PermissionLacking: 403.
            Missing: 404.
            VendorError: any other refusal, or the budget is used up.
        """
        waited = 0.0
        trouble = "no answer"
        for attempt in range(1, self.attempts + 1):
            meter.requests += 1
            asked: float | None = None
            try:
                reply = (first if attempt == 1 and first is not None else self.start(send)).wait()
            except Unreachable as fault:
                trouble = f"the connection failed: {fault}"
            else:
                meter.received += len(reply.body)
                meter.note_date(reply.headers.get("date"))
                if reply.status < 400:
                    try:
                        return (read or read_json)(reply.body)
                    except ValueError:
                        trouble = f"the answer is not valid JSON ({reply.headers.get('content-type', 'no type')})"
                elif reply.status in RETRIED_STATUSES:
                    trouble = f"it answered {reply.status}: {message_of(reply.body)}"
                    asked = retry_after(reply.headers) if reply.status in (429, 503) else None
                elif reply.status == 401 and renew is not None and renew():
                    trouble, renew, asked = "it refused the renewed access token", None, 0.0
                else:
                    raise refusal(vendor, what, reply)
            delay = self._delay(attempt) if asked is None else asked
            if attempt == self.attempts or delay > self.longest_wait or waited + delay > self.budget_seconds:
                break
            meter.retries += 1
            if trouble.startswith("it answered 429"):
                meter.throttled_ms += int(delay * 1000)
            self.sleep(delay)
            waited += delay
        raise VendorError(
            f"{vendor} could not be read ({what}) after {attempt} tries: {trouble}",
            hint="the next pull goes on where this one stopped; if it lasts, look at the vendor's status page",
        )

    def start(self, send: Callable[[], Reply]) -> "Try":
        """Have a request sent at once by another thread; hand it to ``run``, which judges how it went."""
        try:
            courier = self._couriers.pop()
        except IndexError:
            courier = _Courier()
        return Try(courier, courier.carry(send), self.deadline_seconds, self._couriers)

    def _delay(self, attempt: int) -> float:
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 1))
        return ceiling * (0.5 + 0.5 * self.random())


class _Courier:
    """One daemon thread that carries requests, so that its owner may stop waiting for a reply; it ends with it."""

    def __init__(self) -> None:
        self._errands: _Errands = queue.SimpleQueue()
        threading.Thread(target=_carry, args=(self._errands,), name="vendor-call", daemon=True).start()

    def __del__(self) -> None:
        self._errands.put(None)

    def carry(self, send: Callable[[], Reply]) -> "_Outcome":
        """Have ``send`` called; what it returns or raises will be in the queue."""
        outcome: _Outcome = queue.SimpleQueue()
        self._errands.put((send, outcome))
        return outcome


@dataclass(frozen=True)
class Try:
    """A request under way; ``idle`` takes its courier back."""

    courier: _Courier
    outcome: "_Outcome"
    seconds: float
    idle: list[_Courier]

    def wait(self) -> Reply:
        """Return the reply, or raise what sending it raised.

        Raises:
            Unreachable: there is no whole answer yet after the deadline.
        """
        try:
            found = self.outcome.get(timeout=self.seconds)
        except queue.Empty:
            # this courier may hang for long yet and is not used again
            raise Unreachable(f"no whole answer within {self.seconds:g} s") from None
        self.idle.append(self.courier)
        if isinstance(found, BaseException):
            raise found
        return found


def _carry(errands: "_Errands") -> None:
    while (errand := errands.get()) is not None:
        send, outcome = errand
        try:
            outcome.put(send())
        except BaseException as error:
            outcome.put(error)
        del errand, send, outcome


def read_json(body: bytes) -> JSON:
    """Return an answer's JSON, None for an empty body; half of a surrogate pair becomes a replacement character.

    Raises:
        ValueError: it is no JSON.
    """
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"\\ud" not in body.lower():
            raise
        return orjson.loads(_LONE_SURROGATE.sub(rb"\1\\ufffd", body))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the vendor asks for, from either form of the header; None when it doesn't say."""
    text = headers.get("retry-after-ms")
    if text is not None and text.replace(".", "", 1).isdigit():
        return float(text) / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    if text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def refusal(vendor: str, what: str, reply: Reply) -> VendorError:
    """Return the error for a status that no retry can mend."""
    said = message_of(reply.body)
    if reply.status == 401:
        return CredentialRefused(
            f"{vendor} refused the credential ({what}): {said}",
            hint=f"store a valid one: tekup connect TENANT {vendor}",
        )
    if reply.status == 403:
        return PermissionLacking(
            f"{vendor} does not let this credential read {what}: {said}",
            hint="give the key or app the missing read permission at the vendor, then pull again",
        )
    if reply.status == 404:
        return Missing(f"{vendor} has no such object ({what}): {said}")
    return VendorError(
        f"{vendor} refused the request ({what}) with {reply.status}: {said}",
        hint="the vendor's API may have changed; report this with the text above",
    )


def message_of(body: bytes) -> str:
    """Return the vendor's own words from an error body, in one short line."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:120].decode(errors="replace").strip() or "(empty)"
    found = value
    if isinstance(value, dict):
        found = value.get("message") or value.get("error") or value.get("errors") or value
    if isinstance(found, dict):
        found = found.get("message") or found
    if isinstance(found, list):
        found = "; ".join(str(item) for item in found)
    return " ".join(str(found).split())[:200]
