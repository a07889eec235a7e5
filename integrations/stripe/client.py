"""Reads one Stripe account with the official SDK in raw mode. How often and where it lands is decided elsewhere.

A first read lists each resource. Later reads take the events since then as a mere feed of changes, once for all
streams: they are coalesced per object and the object is read again in our pinned version. Events live for 30 days:
after a longer absence everything is read anew.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from integrations.credentials import Credential
from integrations.retry import Meter, Missing, RetryPolicy
from integrations.source import JSON, Cursor, Page, Record
from integrations.stripe.crew import Crew
from integrations.stripe.feed import Changes, Feed
from integrations.stripe.listing import PAGE, Batch, Listing
from integrations.stripe.records import KINDS, SIDES, Kind, last_moment, record_of, sides_of, tombstone
from integrations.stripe.wire import API_VERSION, CursorGone, Wire
from tekup.errors import PermissionLacking, VendorError

__all__ = ["API_VERSION", "StripeSource"]

_FEED_SECONDS = 29 * 86_400
_PULL_SECONDS = 900
"""Streams that are read within so many seconds share one read of the events."""
_SEEN_AT_MOST = 1000
_LIST_FROM = 20
"""From so many new objects on, a later read lists them by their creation instead of reading them one by one."""
_THREADS = 4
_BEFORE_STRIPE = 1_300_000_000
_ACCOUNT = re.compile(r"acct_\w+")


class StripeSource:
    """One account, or one connected account of a platform; ``overlap_seconds`` is how late an event may show up.

    ``paced`` (default: when Stripe itself is spoken to) keeps below Stripe's rate limits. ``unknown_events`` counts
    the types of events of which nobody has said what they change; the events themselves are kept.
    """

    vendor = "stripe"
    streams: tuple[str, ...] = tuple(KINDS)
    sides: Mapping[str, tuple[str, ...]] = SIDES
    append_only = frozenset({"events"})
    memory_days: float | None = 29.0
    ledger_stream = "balance_transactions"

    def __init__(
        self,
        credential: Credential | str,
        api_base: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        overlap_seconds: float = 900.0,
        clock: Callable[[], float] = time.time,
        paced: bool | None = None,
    ) -> None:
        known = Credential(credential) if isinstance(credential, str) else credential
        is_paced = api_base is None if paced is None else paced
        self._wire = Wire(known, api_base, retry or RetryPolicy(), clock, is_paced)
        self._crew = Crew(_THREADS)
        self._overlap = int(overlap_seconds)
        self._clock = clock
        self._meter = Meter(clock)
        self._feed = Feed(self._read_events, self._overlap)
        self.unknown_events = self._feed.unknown
        self._connected = known.account
        self._account: JSON = None
        self._moment, self._served, self._began = 0, set[str](), 0.0
        self._lock = threading.Lock()

    def identity(self) -> str:
        """Return the account's id and ``live`` or ``test``."""
        account = self._account_id()
        if self._wire.mode is None:
            self._wire.check_mode(self._get("balance", "/v1/balance"))
        return f"{account} {self._wire.mode}"

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``.

        The cursors of a read from the beginning say ``"full": true``, up to the one that ends it.
        """
        kind = _kind_of(stream)
        now = self._meter.now()
        since = None if cursor is None else int(cursor.get("since") or cursor.get("started") or 0)
        if cursor is None or since is None or (kind.has_events and since < now - _FEED_SECONDS):
            return self._backfill(stream, kind, {"phase": "backfill", "full": True}, self._clock())
        if cursor["phase"] == "backfill":
            return self._backfill(stream, kind, cursor, None)
        return self._later(stream, kind, cursor, self._moment_of(stream, int(now)))

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        """Yield objects as they are now; see ``integrations.source.Source``."""
        if any(stream in names for names in SIDES.values()):
            raise ValueError(f"stripe tells {stream} with their parents only")
        if stream == "events":
            raise ValueError("an event never changes: only the feed tells events")
        _kind_of(stream)
        return self._fetch(stream, list(dict.fromkeys(identifiers)))

    def count(self, stream: str) -> int | None:
        """Return None: Stripe counts nothing. ``balance`` is what its ledger can be checked against."""
        _kind_of(stream)
        return None

    def balance(self) -> dict[str, int]:
        """Return what the account holds per currency, available and pending, in minor units.

        This is the sum of ``net`` over all balance transactions of the currency.
        """
        answer = self._get("balance", "/v1/balance")
        self._wire.check_mode(answer)
        held: dict[str, int] = {}
        for part in (*answer["available"], *answer["pending"]):
            held[part["currency"]] = held.get(part["currency"], 0) + int(part["amount"])
        return held

    def check(self) -> dict[str, str]:
        """Return the account's id and per stream whether it may be read."""
        result = {"account": self._account_id()}
        for stream in self.streams:
            try:
                self._get(stream, KINDS[stream].path, limit=1)
                result[stream] = "ok"
            except VendorError as fault:
                result[stream] = str(fault)
        return result

    def close(self) -> None:
        """Let the threads end and close the connections."""
        self._crew.close()
        self._wire.close()

    def _backfill(self, stream: str, kind: Kind, cursor: Cursor, began: float | None) -> Iterator[Page]:
        state = cursor.get("walk") or ({"after": cursor["after"]} if cursor.get("after") else None)
        base = {name: value for name, value in cursor.items() if name != "after"}
        for batch, after in self._list(stream, kind, None, None).walk(state):
            self._absorb(batch.meter)
            # only an answer tells the vendor's time
            base.setdefault("started", int((began or 0.0) - self._meter.ahead_seconds))
            if after is not None:
                yield from self._told(stream, batch, {**base, "walk": after})
            else:
                yield from self._told(stream, batch, _up_to(base["started"], []), is_last=True)

    def _later(self, stream: str, kind: Kind, cursor: Cursor, moment: int) -> Iterator[Page]:
        """Read what changed. A resumed read first ends the window that it was in."""
        read = self._new_events if stream == "events" else self._changes
        if "until" in cursor:
            until = cursor["until"]
            for page in read(stream, kind, cursor, until):
                cursor = page.cursor
                yield page
            if until >= moment:
                return
        yield from read(stream, kind, cursor, moment)

    def _new_events(self, stream: str, kind: Kind, cursor: Cursor, until: int) -> Iterator[Page]:
        """Yield the window's events, and keep them coalesced for the other streams."""
        low, seen, state = cursor["since"] - self._overlap, set(cursor.get("seen") or ()), cursor.get("walk")
        window = self._feed.open(low, until) if state is None else None
        recent = list(cursor.get("recent") or ())
        for batch, after in self._list(stream, kind, low, until).walk(state):
            self._absorb(batch.meter)
            recent += [event["id"] for event in batch.items if event["created"] >= until - self._overlap]
            recent = recent[: _SEEN_AT_MOST + 1]
            if window is not None:
                for event in batch.items:
                    window.take(event)
            batch = Batch([event for event in batch.items if event["id"] not in seen], batch.has_more, batch.meter)
            if after is not None:
                yield from self._told(stream, batch, {**cursor, "until": until, "walk": after, "recent": recent})
                continue
            if window is not None:
                self._feed.keep(window)
            yield from self._told(stream, batch, _up_to(self._read_up_to(until), sorted(recent)), is_last=True)

    def _changes(self, stream: str, kind: Kind, cursor: Cursor, until: int) -> Iterator[Page]:
        low = cursor["since"] - self._overlap
        changes: Changes = {}
        done = _up_to(until, [])
        if kind.has_events:
            window = self._feed.window(low, until)
            changes = window.changed(stream, low, set(cursor.get("seen") or ()))
            done = _up_to(self._read_up_to(until), window.recent(stream))
        start = cursor["since"] - max(self._overlap, kind.look_back or 0)
        fresh = {name for name, change in changes.items() if change.created >= start and not change.is_gone}
        is_told = bool(cursor.get("listed"))
        if is_told or "walk" in cursor or kind.look_back is not None or len(fresh) >= _LIST_FROM:
            pending = sorted(changes.keys() - fresh)
            base = {name: value for name, value in cursor.items() if name != "walk"} | {"until": until}
            if not is_told:
                for batch, after in self._list(stream, kind, start, until).walk(cursor.get("walk")):
                    self._absorb(batch.meter)
                    done["since"] = self._read_up_to(until)
                    if after is None and not pending:
                        yield from self._told(stream, batch, done, changes, is_last=True)
                        return
                    step: Cursor = {"listed": True} if after is None else {"walk": after}
                    yield from self._told(stream, batch, {**base, **step}, changes)
                cursor = {**base, "listed": True}
        else:
            pending = sorted(changes)
        yield from self._read_again(stream, cursor, until, pending, changes, done)

    def _read_again(
        self, stream: str, cursor: Cursor, until: int, pending: list[str], changes: Changes, done: Cursor
    ) -> Iterator[Page]:
        last = cursor.get("last") or ""
        pending = [identifier for identifier in pending if identifier > last]
        for start in range(0, max(len(pending), 1), PAGE):
            part = pending[start : start + PAGE]
            found = self._objects(stream, part)
            items = [item for item in found if item is not None]
            records = [
                tombstone(name, changes[name].at) if item is None else record_of(item, changes[name].at)
                for name, item in zip(part, found, strict=True)
            ]
            is_last = start + PAGE >= len(pending)
            gone = [{"id": name, "deleted": True} for name, item in zip(part, found, strict=True) if item is None]
            following = done if is_last else {**cursor, "until": until, "last": part[-1]}
            yield self._page(stream, items, gone, records, following)

    def _fetch(self, stream: str, identifiers: list[str]) -> Iterator[Page]:
        for start in range(0, len(identifiers), PAGE):
            part = identifiers[start : start + PAGE]
            found = self._objects(stream, part)
            items = [item for item in found if item is not None]
            lost = [name for name, item in zip(part, found, strict=True) if item is None]
            # never our own time: an event that a later pull meets may be older than it
            records = [record_of(item, last_moment(item)) for item in items] + [tombstone(name, None) for name in lost]
            yield self._page(stream, items, [{"id": name, "deleted": True} for name in lost], records, {})

    def _told(
        self, stream: str, batch: Batch, cursor: Cursor, changes: Changes | None = None, *, is_last: bool = False
    ) -> Iterator[Page]:
        """Yield a listed page; an empty one only where it ends the stream."""
        if not batch.items and not is_last:
            return
        records = []
        for item in batch.items:
            moment, change = last_moment(item), (changes or {}).get(item["id"])
            records.append(record_of(item, moment if change is None else max(moment or 0, change.at)))
        yield self._page(stream, batch.items, [], records, cursor)

    def _page(self, stream: str, items: list[JSON], gone: list[JSON], records: list[Record], cursor: Cursor) -> Page:
        for item in items:
            self._wire.check_mode(item)
            self._meter.fields.update(item)
        sides = sides_of(stream, items + gone) if records else ()
        return self._meter.page(records, cursor, sides=sides)

    def _list(self, stream: str, kind: Kind, low: int | None, high: int | None) -> Listing:
        parameters: dict[str, JSON] = {"limit": PAGE, **kind.extra}
        if kind.expand:
            parameters["expand"] = [f"data.{name}" for name in kind.expand]

        def ask(more: dict[str, JSON]) -> Batch:
            meter = Meter(self._clock)
            answer = self._wire.get(stream, kind.path, meter, **parameters, **more)
            items = [self._whole(item, meter) for item in answer["data"]]
            return Batch(items, bool(answer["has_more"]), meter)

        return Listing(ask, self._crew, self._opened_at, low, high)

    def _read_events(self, low: int, until: int) -> Iterator[list[JSON]]:
        for batch, _ in self._list("events", KINDS["events"], low, until).walk(None):
            self._absorb(batch.meter)
            yield batch.items

    def _objects(self, stream: str, identifiers: list[str]) -> list[JSON]:
        """Return these objects as they are now, None for those that are gone; several are read at a time."""
        if len(identifiers) == 1:
            results = [self._object(stream, identifiers[0])]
        else:
            results = self._crew.gather(partial(self._object, stream, name) for name in identifiers)
        for _, meter in results:
            self._absorb(meter)
        return [item for item, _ in results]

    def _object(self, stream: str, identifier: str) -> tuple[JSON, Meter]:
        kind, meter = KINDS[stream], Meter(self._clock)
        parameters = {"expand": list(kind.expand)} if kind.expand else {}
        try:
            item = self._wire.get(stream, f"{kind.path}/{quote(identifier, safe='')}", meter, **parameters)
        except Missing:
            return None, meter
        return self._whole(item, meter), meter

    def _whole(self, item: JSON, meter: Meter) -> JSON:
        """Complete the lists inside an object that did not fit into the first answer."""
        if item.get("object") == "event":
            return item
        for name, nested in item.items():
            if isinstance(nested, dict) and nested.get("object") == "list" and nested.get("has_more"):
                self._complete(name, nested, meter)
        return item

    def _complete(self, name: str, nested: JSON, meter: Meter) -> None:
        place = urlsplit(nested["url"])
        while nested["has_more"]:
            more: dict[str, Any] = {**dict(parse_qsl(place.query)), "limit": PAGE}
            if nested["data"]:
                more["starting_after"] = nested["data"][-1]["id"]
            try:
                answer = self._wire.get(name, place.path, meter, **more)
            except CursorGone:  # changed between the two answers: the nested list is read from its beginning
                nested["data"] = []
                continue
            nested["data"] += answer["data"]
            nested["has_more"] = bool(answer["has_more"] and answer["data"])

    def _get(self, what: str, path: str, **parameters: JSON) -> JSON:
        return self._wire.get(what, path, self._meter, **parameters)

    def _absorb(self, meter: Meter) -> None:
        self._meter.requests += meter.requests
        self._meter.retries += meter.retries
        self._meter.throttled_ms += meter.throttled_ms
        self._meter.received += meter.received
        if meter.requests:
            self._meter.ahead_seconds = meter.ahead_seconds

    def _account_id(self) -> str:
        """The account's id; the refusal of a restricted key names it as well."""
        if self._connected is not None:
            return self._connected
        try:
            return str(self._whoami()["id"])
        except PermissionLacking as refusal:
            named = _ACCOUNT.search(refusal.what)
            if named is None:
                raise
            return named[0]

    def _whoami(self) -> JSON:
        if self._account is None:
            self._account = self._get("account", "/v1/account")
        return self._account

    def _opened_at(self) -> int:
        try:
            return int(self._whoami().get("created") or _BEFORE_STRIPE)
        except VendorError:
            return _BEFORE_STRIPE

    def _read_up_to(self, until: int) -> int:
        """Return ``until`` as the vendor's clock had it: what happened while ours was ahead is yet to be told."""
        return min(until, int(self._began - self._meter.ahead_seconds))

    def _moment_of(self, stream: str, now: int) -> int:
        """The moment up to which the pull under way reads; a stream that is asked for again begins a new pull."""
        with self._lock:
            if stream in self._served or not 0 <= now - self._moment <= _PULL_SECONDS:
                self._moment, self._served, self._began = now, set(), self._clock()
            self._served.add(stream)
            return self._moment


def _kind_of(stream: str) -> Kind:
    kind = KINDS.get(stream)
    if kind is None:
        raise ValueError(f"stripe has no stream {stream!r}")
    return kind


def _up_to(since: int, seen: list[str]) -> Cursor:
    """The cursor of a stream that is up to date; too many seen events are not noted but told twice."""
    return {"phase": "events", "since": since, "seen": seen if len(seen) <= _SEEN_AT_MOST else []}
