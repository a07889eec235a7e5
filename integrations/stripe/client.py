"""Reads one Stripe account with the official SDK in raw mode. How often and where it lands is decided elsewhere.

A first read lists each resource. Later reads take the events since then as a mere feed of changes: they are coalesced
per object and the object is read again in our pinned version; event payloads are in the version of their creation
and are never used. Events live for 30 days: after a longer absence everything is read anew.
"""

import time
from collections.abc import Callable, Iterator

import orjson
import stripe

from integrations.retry import Meter, Missing, Reply, RetryPolicy, Unreachable
from integrations.source import JSON, Cursor, Page, Record
from integrations.stripe.records import EVENT_TYPES, listed, refetched, subject_of, vanished
from tekup.errors import VendorError

API_VERSION = "2026-10-28.endive"
_PAGE = 100
_FEED_SECONDS = 29 * 86_400
_SEEN_AT_MOST = 1000

stripe.enable_telemetry = False


class StripeSource:
    """One account; ``overlap_seconds`` is how long an event may take to show up in the feed."""

    vendor = "stripe"
    streams: tuple[str, ...] = ("customers", "products", "prices", "subscriptions", "invoices", "charges", "refunds")

    def __init__(
        self,
        credential: str,
        api_base: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        overlap_seconds: float = 900.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        http = stripe.RequestsClient(timeout=(3, 30))
        self._http = http
        self._sdk = stripe.StripeClient(
            credential,
            stripe_version=API_VERSION,
            max_network_retries=0,
            http_client=http,
            base_addresses={"api": api_base.rstrip("/")} if api_base else None,
        )
        self._retry = retry or RetryPolicy()
        self._overlap = int(overlap_seconds)
        self._clock = clock
        self._meter = Meter()

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``."""
        if stream not in EVENT_TYPES:
            raise ValueError(f"stripe has no stream {stream!r}")
        now = int(self._clock())
        if cursor is None or (cursor["phase"] != "backfill" and cursor["since"] < now - _FEED_SECONDS):
            cursor = {"phase": "backfill", "after": None, "started": now}
        return self._backfill(stream, cursor) if cursor["phase"] == "backfill" else self._changes(stream, cursor, now)

    def check(self) -> dict[str, str]:
        """Return the account's id and per stream whether it may be read."""
        result = {"account": str(self._get("account", "/v1/account").get("id"))}
        for stream in self.streams:
            try:
                self._get(stream, f"/v1/{stream}", limit=1)
                result[stream] = "ok"
            except VendorError as fault:
                result[stream] = str(fault)
        return result

    def close(self) -> None:
        """Close the SDK's session."""
        self._http.close()  # type: ignore[no-untyped-call]

    def _backfill(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        after, more = cursor["after"], True
        # The list hides canceled subscriptions unless asked.
        extra = {"status": "all"} if stream == "subscriptions" else {}
        while more:
            position = {} if after is None else {"starting_after": after}
            answer = self._get(stream, f"/v1/{stream}", limit=_PAGE, **extra, **position)
            items = [self._whole(stream, item) for item in answer["data"]]
            more = bool(answer["has_more"] and items)
            after = items[-1]["id"] if items else after
            done = {"phase": "events", "since": cursor["started"], "seen": []}
            yield self._meter.page(listed(items), {**cursor, "after": after} if more else done)

    def _changes(self, stream: str, cursor: Cursor, now: int) -> Iterator[Page]:
        until = cursor.get("until") or now
        last = cursor.get("last") or ""
        seen = set(cursor.get("seen") or ())
        changed, events = self._feed(stream, cursor["since"] - self._overlap, until, seen)
        pending = sorted(identifier for identifier in changed if identifier > last)
        recent = [name for name, moment in events.items() if moment >= until - self._overlap]
        done: Cursor = {
            "phase": "events",
            "since": until,
            "seen": sorted(recent) if len(recent) <= _SEEN_AT_MOST else [],
        }
        for start in range(0, max(len(pending), 1), _PAGE):
            part = pending[start : start + _PAGE]
            records = [self._again(stream, identifier, changed[identifier]) for identifier in part]
            is_last = start + _PAGE >= len(pending)
            middle = {**cursor, "until": until, "last": part[-1] if part else last}
            yield self._meter.page(records, done if is_last else middle)

    def _feed(self, stream: str, low: int, until: int, seen: set[str]) -> tuple[dict[str, int], dict[str, int]]:
        """Return the changed objects with their last change, and all events of the window with their time.

        The window is closed by ``until`` (inclusive: events have whole seconds), so that a resumed read finds the same.
        """
        changed: dict[str, int] = {}
        events: dict[str, int] = {}
        after: str | None = None
        types = {f"types[{number}]": name for number, name in enumerate(EVENT_TYPES[stream])}
        while True:
            position = {} if after is None else {"starting_after": after}
            window = {"created": {"gte": low, "lte": until}}
            answer = self._get("events", "/v1/events", limit=_PAGE, **types, **window, **position)
            for event in answer["data"]:
                events[event["id"]] = event["created"]
                if event["id"] not in seen:
                    subject = subject_of(event)
                    changed[subject] = max(changed.get(subject, 0), event["created"])
            if not answer["has_more"] or not answer["data"]:
                return changed, events
            after = answer["data"][-1]["id"]

    def _again(self, stream: str, identifier: str, moment: int) -> Record:
        try:
            item = self._get(stream, f"/v1/{stream}/{identifier}")
        except Missing:
            return vanished(identifier, moment)
        return refetched(self._whole(stream, item), moment)

    def _whole(self, stream: str, item: JSON) -> JSON:
        """Complete an invoice whose lines did not fit into the first answer."""
        lines = item.get("lines") if stream == "invoices" else None
        while lines and lines.get("has_more"):
            after = lines["data"][-1]["id"]
            more = self._get("invoice lines", f"/v1/invoices/{item['id']}/lines", limit=_PAGE, starting_after=after)
            lines["data"] += more["data"]
            lines["has_more"] = more["has_more"] and bool(more["data"])
        return item

    def _get(self, what: str, path: str, **parameters: JSON) -> JSON:
        def send() -> Reply:
            try:
                answer = self._sdk.raw_request("get", path, **parameters)
                return Reply(200, {}, answer.body.encode())
            except stripe.APIConnectionError as fault:
                raise Unreachable(str(fault.user_message or fault).split("\n")[0]) from fault
            except stripe.StripeError as fault:
                body = fault.http_body or b""
                headers = {name.lower(): value for name, value in (fault.headers or {}).items()}
                raw = body if isinstance(body, bytes) else body.encode()
                return Reply(fault.http_status or 500, headers, raw or orjson.dumps({"message": str(fault)}))

        return self._retry.run(self.vendor, what, send, self._meter)
