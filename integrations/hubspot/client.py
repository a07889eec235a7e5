"""Reads one HubSpot portal with the official SDK in raw mode. How often and where it lands is decided elsewhere.

A first read lists every object by id. Later reads search by the modified date with a fixed upper bound, page by id
(offset paging loses rows that change meanwhile) and overlap the window, because the search index lags. Archiving
does not touch the modified date, so each later read also walks the recycle bin.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import urllib3
from hubspot import HubSpot
from hubspot.crm.associations.v4.exceptions import ApiException as AssociationFault
from hubspot.crm.objects.exceptions import ApiException as ObjectFault
from hubspot.crm.owners.exceptions import ApiException as OwnerFault
from hubspot.crm.pipelines.exceptions import ApiException as PipelineFault
from hubspot.crm.properties.exceptions import ApiException as PropertyFault

from integrations.hubspot.records import (
    MODIFIED_PROPERTY,
    association_records,
    full_records,
    instant,
    milliseconds,
    object_records,
)
from integrations.retry import Meter, Reply, RetryPolicy, Unreachable
from integrations.source import JSON, Cursor, Page
from tekup.errors import VendorError

VENDOR_BASE = "https://api.hubapi.com"
OBJECT_STREAMS = ("contacts", "companies", "deals")
ASSOCIATION_STREAMS = {
    "deal_contacts": ("deals", "contacts"),
    "deal_companies": ("deals", "companies"),
    "contact_companies": ("contacts", "companies"),
}
_FAULTS = (ObjectFault, AssociationFault, OwnerFault, PipelineFault, PropertyFault)
_TIMEOUT = (3, 30)
_LIST_SIZE, _SEARCH_SIZE, _ASSOCIATION_SIZE = 100, 200, 1000
_PROPERTY_CHARACTERS = 6_000


class HubspotSource:
    """One portal. ``overlap_seconds`` must exceed the search index's lag; ``clock`` is seconds since the epoch."""

    vendor = "hubspot"
    streams: tuple[str, ...] = (*OBJECT_STREAMS, *ASSOCIATION_STREAMS, "pipelines", "owners")

    def __init__(
        self,
        credential: str,
        api_base: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        overlap_seconds: float = 300.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        base = (api_base or VENDOR_BASE).rstrip("/")
        quiet = urllib3.Retry(total=0, raise_on_status=False)
        crm = HubSpot(access_token=credential, host=base, retry=quiet).crm
        # Each attribute access of the SDK builds a new client and connection pool: keep these.
        self._basic = crm.objects.basic_api
        self._search = crm.objects.search_api
        self._associations = crm.associations.v4.batch_api
        self._pipelines = crm.pipelines.pipelines_api
        self._owners = crm.owners.owners_api
        self._properties = crm.properties.core_api
        self._retry = retry or RetryPolicy()
        self._overlap_ms = int(overlap_seconds * 1000)
        self._clock = clock
        self._meter = Meter()
        self._names: dict[str, list[str]] = {}

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``."""
        if stream in OBJECT_STREAMS:
            return self._walk(stream, cursor or self._fresh(), None)
        if stream in ASSOCIATION_STREAMS:
            kind, other = ASSOCIATION_STREAMS[stream]
            return self._walk(kind, cursor or self._fresh(), other)
        if stream in ("pipelines", "owners"):
            return self._full(stream)
        raise ValueError(f"hubspot has no stream {stream!r}")

    def check(self) -> dict[str, str]:
        """Return per stream whether it may be read."""
        result = {}
        for stream in self.streams:
            kind = ASSOCIATION_STREAMS.get(stream, (stream,))[0]
            try:
                if stream in ("pipelines", "owners"):
                    next(self._full(stream))
                else:
                    self._call(f"list {kind}", self._basic.get_page, kind, limit=1)
                result[stream] = "ok"
            except VendorError as fault:
                result[stream] = str(fault)
        return result

    def close(self) -> None:
        """Close the SDK's connections."""
        for api in (self._basic, self._search, self._associations, self._pipelines, self._owners, self._properties):
            api.api_client.rest_client.pool_manager.clear()
            api.api_client.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _fresh(self) -> Cursor:
        return {"phase": "backfill", "after": None, "started": self._now()}

    def _walk(self, kind: str, cursor: Cursor, other: str | None) -> Iterator[Page]:
        """Go through the phases: backfill alone, or changes and then the recycle bin."""
        if cursor["phase"] == "backfill":
            yield from self._backfill(kind, cursor, other)
            return
        if cursor["phase"] == "changes":
            until = cursor.get("until") or self._now()
            state = {"phase": "changes", "since": cursor["since"], "until": until, "last": cursor.get("last") or "0"}
            for page in self._changes(kind, state, other):
                yield page
                cursor = page.cursor
        yield from self._recycle_bin(kind, cursor, other)

    def _backfill(self, kind: str, cursor: Cursor, other: str | None) -> Iterator[Page]:
        after, more = cursor.get("after"), True
        pages_a_step = _ASSOCIATION_SIZE // _LIST_SIZE if other else 1
        while more:
            items: list[JSON] = []
            for _ in range(pages_a_step):
                names = ["hs_object_id"] if other else self._property_names(kind)
                answer = self._list(kind, after, names, archived=False)
                items += answer["results"]
                after = answer.get("paging", {}).get("next", {}).get("after")
                more = after is not None
                if not more:
                    break
            done = {"phase": "changes", "since": cursor["started"]}
            yield self._page(kind, items, {**cursor, "after": after} if more else done, other)

    def _changes(self, kind: str, state: Cursor, other: str | None) -> Iterator[Page]:
        low = state["since"] - self._overlap_ms
        name = MODIFIED_PROPERTY[kind]
        names = ["hs_object_id"] if other else self._property_names(kind)
        finished = {"phase": "archive", "since": state["since"], "until": state["until"], "after": None}
        while True:
            filters = [
                {"propertyName": name, "operator": "GTE", "value": str(low)},
                {"propertyName": name, "operator": "LT", "value": str(state["until"])},
                {"propertyName": "hs_object_id", "operator": "GT", "value": state["last"]},
            ]
            request = {
                "limit": _SEARCH_SIZE,
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": names,
            }
            items = self._call(f"search {kind}", self._search.do_search, kind, request)["results"]
            is_last = len(items) < _SEARCH_SIZE
            if items:
                state = {**state, "last": items[-1]["id"]}
            yield self._page(kind, items, finished if is_last else state, other)
            if is_last:
                return

    def _recycle_bin(self, kind: str, cursor: Cursor, other: str | None) -> Iterator[Page]:
        low = cursor["since"] - self._overlap_ms
        after = cursor.get("after")
        while True:
            answer = self._list(kind, after, ["hs_object_id"] if other else self._property_names(kind), archived=True)
            after = answer.get("paging", {}).get("next", {}).get("after")
            fresh = [item for item in answer["results"] if _archived_ms(item) >= low]
            done = {"phase": "changes", "since": cursor["until"]}
            state = done if after is None else {**cursor, "phase": "archive", "after": after}
            if other:
                gone = tuple(item["id"] for item in fresh)
                yield self._meter.page([], state, gone)
            else:
                yield self._meter.page(object_records(fresh), state)
            if after is None:
                return

    def _page(self, kind: str, items: list[JSON], cursor: Cursor, other: str | None) -> Page:
        if other is None:
            return self._meter.page(object_records(items), cursor)
        parents = tuple(item["id"] for item in items)
        results = []
        if parents:
            body = {"inputs": [{"id": parent} for parent in parents]}
            what = f"associations {kind} to {other}"
            results = self._call(what, self._associations.get_page, kind, other, body)["results"]
        return self._meter.page(association_records(kind, other, results), cursor, parents)

    def _full(self, stream: str) -> Iterator[Page]:
        done = {"phase": "full", "at": self._now()}
        if stream == "pipelines":
            items = self._call("pipelines", self._pipelines.get_all, "deals")["results"]
            yield self._meter.page(full_records(items), done)
            return
        after: str | None = None
        while True:
            more = {} if after is None else {"after": after}
            answer = self._call("owners", self._owners.get_page, limit=100, **more)
            after = answer.get("paging", {}).get("next", {}).get("after")
            yield self._meter.page(full_records(answer["results"]), done)
            if after is None:
                return

    def _list(self, kind: str, after: str | None, names: list[str], *, archived: bool) -> JSON:
        more = {} if after is None else {"after": after}
        return self._call(
            f"list {kind}",
            self._basic.get_page,
            kind,
            limit=_LIST_SIZE,
            properties=names,
            archived=archived,
            **more,
        )

    def _property_names(self, kind: str) -> list[str]:
        """Return the portal's own property names, so that a new one is never lost; read once per source."""
        if kind not in self._names:
            found = self._call(f"properties of {kind}", self._properties.get_all, kind)["results"]
            names, length = [], 0
            own_first = sorted(found, key=lambda item: (bool(item.get("hidden")), item["name"].startswith("hs_")))
            for item in own_first:
                length += len(item["name"]) + len("&properties=")
                if length > _PROPERTY_CHARACTERS:
                    break
                names.append(item["name"])
            always = (MODIFIED_PROPERTY[kind], "hs_object_id", "hs_merged_object_ids")
            self._names[kind] = list(dict.fromkeys([*always, *names]))
        return self._names[kind]

    def _call(self, what: str, method: Callable[..., Any], *arguments: Any, **options: Any) -> JSON:
        def send() -> Reply:
            try:
                answer = method(*arguments, _preload_content=False, _request_timeout=_TIMEOUT, **options)
                return Reply(answer.status, _lower(answer.headers), answer.data)
            except _FAULTS as fault:
                if not fault.status:
                    raise Unreachable(str(fault.reason)) from fault
                return Reply(fault.status, _lower(fault.headers or {}), fault.body or b"")
            except urllib3.exceptions.HTTPError as fault:
                raise Unreachable(_reason(fault)) from fault

        return self._retry.run(self.vendor, what, send, self._meter)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(fault: Exception) -> str:
    return str(getattr(fault, "reason", None) or fault).split("(Caused by")[0][:200]


def _archived_ms(item: JSON) -> int:
    moment = instant(item.get("archivedAt"))
    return milliseconds(moment) if moment else 0
