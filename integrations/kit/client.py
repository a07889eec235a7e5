"""Reads one Kit account. How often and where it lands is decided elsewhere.

Kit filters subscribers by the DAY of their last change and does not tell that time: later reads go back two days.
Removed tags can only be found by reading a tag's subscribers completely.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx

from integrations.kit.records import instant, plain, tag_subscribers
from integrations.retry import Meter, Reply, RetryPolicy, Unreachable
from integrations.source import JSON, Cursor, Page
from tekup.errors import VendorError

VENDOR_BASE = "https://api.kit.com"
_PAGE = 1000
_OVERLAP = timedelta(days=2)
_STATS_DAYS = timedelta(days=30)


class KitSource:
    """One account, read with its API key."""

    vendor = "kit"
    streams: tuple[str, ...] = ("subscribers", "tags", "tag_subscribers", "broadcasts")

    def __init__(
        self,
        credential: str,
        api_base: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = httpx.Client(
            base_url=(api_base or VENDOR_BASE).rstrip("/"),
            headers={"X-Kit-Api-Key": credential},
            timeout=httpx.Timeout(30.0, connect=3.0),
        )
        self._retry = retry or RetryPolicy()
        self._clock = clock
        self._meter = Meter()

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``."""
        state = cursor or {"phase": "backfill", "started": self._now().isoformat()}
        match stream:
            case "subscribers":
                return self._subscribers(state)
            case "tags":
                return self._tags()
            case "tag_subscribers":
                return self._tag_subscribers(state)
            case "broadcasts":
                return self._broadcasts(state)
        raise ValueError(f"kit has no stream {stream!r}")

    def check(self) -> dict[str, str]:
        """Return the account's name and per stream whether it may be read."""
        result = {"account": str(self._get("account", "/v4/account")["account"]["name"])}
        for stream in self.streams:
            path = "tags" if stream == "tag_subscribers" else stream
            try:
                self._get(stream, f"/v4/{path}", per_page=1)
                result[stream] = "ok"
            except VendorError as fault:
                result[stream] = str(fault)
        return result

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _begin(self, state: Cursor) -> Cursor:
        """Return the state of a running read: a finished one starts over from its own start, less the overlap."""
        if state["phase"] != "done":
            return state
        since = (datetime.fromisoformat(state["since"]) - _OVERLAP).date().isoformat()
        return {"phase": "changes", "started": self._now().isoformat(), "since": since}

    def _subscribers(self, state: Cursor) -> Iterator[Page]:
        state = self._begin(state)
        changed = {"updated_after": state["since"]} if "since" in state else {}
        done = {"phase": "done", "since": state["started"]}
        for items, after in self._each("/v4/subscribers", "subscribers", state.get("after"), status="all", **changed):
            yield self._meter.page(plain(items), {**state, "after": after} if after else done)

    def _tags(self) -> Iterator[Page]:
        for items, _ in self._each("/v4/tags", "tags", None):
            yield self._meter.page(plain(items), {"phase": "done", "since": self._now().isoformat()})

    def _tag_subscribers(self, state: Cursor) -> Iterator[Page]:
        state = self._begin(state)
        added = {"tagged_after": state["since"]} if "since" in state else {}
        tags = sorted(tag["id"] for items, _ in self._each("/v4/tags", "tags", None) for tag in items)
        done = {"phase": "done", "since": state["started"]}
        pending = [tag for tag in tags if tag >= state.get("tag", 0)]
        if not pending:
            yield self._meter.page([], done)
        for place, tag in enumerate(pending):
            start = state.get("after") if tag == state.get("tag") else None
            path = f"/v4/tags/{tag}/subscribers"
            for items, after in self._each(path, "subscribers", start, status="all", **added):
                following = pending[place + 1] if place + 1 < len(pending) else None
                cursor = {**state, "tag": tag, "after": after} if after else {**state, "tag": following, "after": None}
                is_last = after is None and following is None
                yield self._meter.page(tag_subscribers(tag, items), done if is_last else cursor)

    def _broadcasts(self, state: Cursor) -> Iterator[Page]:
        """Read all broadcasts; those older than 30 days don't change any more and are told once, with their figures."""
        state = self._begin(state)
        floor = self._now() - _STATS_DAYS
        done = {"phase": "done", "since": state["started"]}
        for items, after in self._each("/v4/broadcasts", "broadcasts", state.get("after")):
            told = [item for item in items if "since" not in state or _is_recent(item, floor)]
            for item in told:
                answer = self._get("broadcast stats", f"/v4/broadcasts/{item['id']}/stats")
                item["stats"] = answer["broadcast"]["stats"]
            yield self._meter.page(plain(told), {**state, "after": after} if after else done)

    def _each(
        self, path: str, name: str, after: str | None, **parameters: str
    ) -> Iterator[tuple[list[JSON], str | None]]:
        """Yield pages with the cursor of the next one, None after the last (the vendor sends a cursor there too)."""
        while True:
            position = {} if after is None else {"after": after}
            answer = self._get(name, path, per_page=_PAGE, **parameters, **position)
            paging = answer["pagination"]
            after = paging["end_cursor"] if paging["has_next_page"] else None
            yield answer[name], after
            if after is None:
                return

    def _get(self, what: str, path: str, **parameters: str | int) -> JSON:
        def send() -> Reply:
            try:
                answer = self._http.get(path, params=parameters)
            except httpx.TransportError as fault:
                raise Unreachable(str(fault) or type(fault).__name__) from fault
            return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

        return self._retry.run(self.vendor, what, send, self._meter)


def _is_recent(item: JSON, floor: datetime) -> bool:
    sent = instant(item.get("send_at") or item.get("published_at"))
    return sent is None or sent >= floor
