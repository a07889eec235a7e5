"""Reads one Kit account. How often and where it lands is decided elsewhere.

Kit filters subscribers by the DAY of their last change and does not tell that time: later reads go back two days. It
tells no deletions. Lists of few rows (tags, forms, sequences, segments, custom fields) are therefore read whole each
time and compared with what they held before, and memberships are read as ``relations`` says. A removed subscriber,
broadcast or purchase is found by the next full read (one without a cursor, weekly), or by ``fetch`` at a hint.

Subscribers are read without ``include=tags``: nothing says that a tag counts as a change of the subscriber, so the copy
in the payload would grow old, while ``tag_subscribers`` tells the same and stays right.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from integrations.credentials import Credential, Keep, parse_credential
from integrations.kit.records import RELATIONS, fields_of, gone, instant, plain
from integrations.kit.relations import Members
from integrations.kit.transport import Transport
from integrations.retry import Missing, RetryPolicy
from integrations.source import JSON, Cursor, Page, Record
from tekup.errors import VendorError

_LISTS: dict[str, dict[str, str]] = {
    "custom_fields": {},
    "tags": {},
    "forms": {"status": "all"},
    "sequences": {},
    "segments": {},
}
_SUBSCRIBER = {"status": "all", "include": "attribution,location,canceled_at"}
_OVERLAP = timedelta(days=2)
_STATS_DAYS = timedelta(days=30)
# Each broadcast of a full read costs a request for its figures: small pages, so that little is read again after a kill.
_BROADCASTS_A_PAGE = 50
_FETCHED_A_PAGE = 100


class KitSource:
    """One account, read with its API key or OAuth tokens.

    ``keep`` stores renewed tokens. ``paced`` (default: whether this is the vendor itself) waits before the vendor's
    limit of 120 requests a minute (600 with OAuth) is reached.
    """

    vendor = "kit"
    streams: tuple[str, ...] = (
        "subscribers",
        "custom_fields",
        "tags",
        "tag_subscribers",
        "forms",
        "form_subscribers",
        "sequences",
        "sequence_subscribers",
        "broadcasts",
        "segments",
        "purchases",
    )
    append_only: frozenset[str] = frozenset()
    memory_days: float | None = None

    def __init__(
        self,
        credential: Credential | str,
        api_base: str | None = None,
        *,
        keep: Keep | None = None,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.time,
        paced: bool | None = None,
    ) -> None:
        given = parse_credential(credential) if isinstance(credential, str) else credential
        is_paced = api_base is None if paced is None else paced
        self.sides: dict[str, tuple[str, ...]] = {}
        self._transport = Transport(given, api_base, keep, retry or RetryPolicy(), clock, is_paced)
        self._meter = self._transport.meter
        # The parents that a list stream has just told; its relation, read next, needs no request for them.
        self._parents: dict[str, list[int]] = {}

    def identity(self) -> str:
        """Return the account's number."""
        return f"account {self._account()['id']}"

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``."""
        if stream not in self.streams:
            raise ValueError(f"kit has no stream {stream!r}")
        if stream in _LISTS:
            return self._list(stream, cursor)
        state = self._begin(cursor)
        if stream in RELATIONS:
            return self._relation(stream, state)
        return {"subscribers": self._subscribers, "broadcasts": self._broadcasts, "purchases": self._purchases}[stream](
            state
        )

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        """Yield these objects as they are now; see ``integrations.source.Source``.

        Only subscribers and a subscriber's tags can be asked for singly; every other stream is walked until all are
        found.

        Raises:
            ValueError: they would have to be looked for among too many; see ``Members.find``.
        """
        if stream not in self.streams:
            raise ValueError(f"kit has no stream {stream!r}")
        wanted = list(dict.fromkeys(identifiers))
        if stream == "subscribers":
            records: Iterator[Record] = (self._one_subscriber(name) for name in wanted)
        elif stream == "tag_subscribers":
            records = self._tags_worn(wanted)
        elif stream in RELATIONS:
            records = Members(self._transport, RELATIONS[stream]).find(set(wanted), self._overlap(self._now()))
        else:
            records = self._find(stream, set(wanted))
        told: list[Record] = []
        for record in records:
            told.append(record)
            if len(told) == _FETCHED_A_PAGE:
                yield self._meter.page(told, {})
                told = []
        if told:
            yield self._meter.page(told, {})

    def count(self, stream: str) -> int | None:
        """Return the total that Kit reports: one request, for a relation one a parent; see ``Source``."""
        if stream not in self.streams:
            raise ValueError(f"kit has no stream {stream!r}")
        if stream in RELATIONS:
            return Members(self._transport, RELATIONS[stream]).count(self._numbers(RELATIONS[stream].parents))
        chosen = {"status": "all"} if stream == "subscribers" else _LISTS.get(stream, {})
        return self._transport.total(f"/v4/{stream}", stream, **chosen)

    def check(self) -> dict[str, str]:
        """Return the account's name and per stream whether it may be read."""
        result = {"account": str(self._account()["name"])}
        for stream in self.streams:
            path = RELATIONS[stream].parents if stream in RELATIONS else stream
            try:
                self._transport.get(stream, f"/v4/{path}", per_page=1)
                result[stream] = "ok"
            except VendorError as fault:
                result[stream] = str(fault)
        return result

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _account(self) -> JSON:
        answer = self._transport.get("account", "/v4/account")
        try:
            return {"id": answer["account"]["id"], "name": answer["account"]["name"]}
        except (KeyError, TypeError) as fault:
            raise VendorError(
                "kit's answer names no account", hint="the vendor's API may have changed; report this"
            ) from fault

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._meter.now(), UTC)

    def _overlap(self, moment: datetime) -> str:
        return (moment - _OVERLAP).date().isoformat()

    def _begin(self, cursor: Cursor | None) -> Cursor:
        """Return the state of a running read: a finished one starts over from its own start, less the overlap."""
        if cursor is not None and cursor["phase"] == "done":
            since = self._overlap(datetime.fromisoformat(cursor["since"]))
            kept = {name: cursor[name] for name in ("sizes", "highest") if name in cursor}
            return {
                "phase": "changes",
                "started": self._now().isoformat(),
                "since": since,
                "exactly": cursor["since"],
                **kept,
            }
        # A cursor without these was left in mid-read by a version that had other states: read anew.
        if cursor is not None and ("full" in cursor or "exactly" in cursor):
            return cursor
        return {"phase": "backfill", "full": True, "started": self._now().isoformat()}

    def _told(self, items: list[JSON], cursor: Cursor, expected: int | None = None) -> Page:
        self._meter.fields |= fields_of(items)
        return self._meter.page(plain(items), cursor, expected=expected)

    def _subscribers(self, state: Cursor) -> Iterator[Page]:
        changed = {"updated_after": state["since"]} if "since" in state else {}
        counted = {"include_total_count": "true"} if "full" in state and "after" not in state else {}
        done = {"phase": "done", "since": state["started"]}
        pages = self._transport.each(
            "/v4/subscribers", "subscribers", state.get("after"), **_SUBSCRIBER, **changed, **counted
        )
        for part in pages:
            cursor = done if part.after is None else {**state, "after": part.after}
            yield self._told(part.items, cursor, part.total)

    def _list(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Read all of a short list; the cursor keeps what it held, so that a later read finds what is gone."""
        if cursor is None:
            state: Cursor = {"phase": "list", "full": True, "started": self._now().isoformat(), "told": []}
        elif cursor["phase"] == "done":
            known = cursor.get("known", [])
            state = {"phase": "list", "started": self._now().isoformat(), "told": [], "known": known}
        else:
            state = cursor
        told: list[int] = list(state["told"])
        for part in self._transport.each(f"/v4/{stream}", stream, state.get("after"), **_LISTS[stream]):
            told += [item["id"] for item in part.items]
            if part.after is not None:
                yield self._told(part.items, {**state, "after": part.after, "told": list(told)})
                continue
            self._parents[stream] = told
            lost = sorted(set(state.get("known", [])) - set(told))
            self._meter.fields |= fields_of(part.items)
            yield self._meter.page(
                [*plain(part.items), *gone(str(number) for number in lost)],
                {"phase": "done", "since": state["started"], "known": sorted(told)},
            )

    def _relation(self, stream: str, state: Cursor) -> Iterator[Page]:
        relation = RELATIONS[stream]
        parents = self._parents.pop(relation.parents, None)
        numbers = self._numbers(relation.parents) if parents is None else parents
        yield from Members(self._transport, relation).pages(state, numbers)

    def _numbers(self, stream: str) -> list[int]:
        parts = self._transport.each(f"/v4/{stream}", stream, **_LISTS[stream])
        return [item["id"] for part in parts for item in part.items]

    def _broadcasts(self, state: Cursor) -> Iterator[Page]:
        """Read all broadcasts; those older than 30 days don't change any more and are told once, with their figures."""
        floor = None
        if "exactly" in state:
            floor = datetime.fromisoformat(state["exactly"]) - _STATS_DAYS
        size = {"per_page": _BROADCASTS_A_PAGE} if floor is None else {}
        done = {"phase": "done", "since": state["started"]}
        for part in self._transport.each("/v4/broadcasts", "broadcasts", state.get("after"), **size):
            told = [self._with_figures(item) for item in part.items if floor is None or _is_recent(item, floor)]
            yield self._told(told, done if part.after is None else {**state, "after": part.after})

    def _with_figures(self, item: JSON) -> JSON:
        try:
            answer = self._transport.get("broadcast stats", f"/v4/broadcasts/{item['id']}/stats")
        except Missing:  # removed since it was listed; the next full read finds that
            return item
        return {**item, "stats": answer["broadcast"]["stats"]}

    def _purchases(self, state: Cursor) -> Iterator[Page]:
        """Read newest first; a later read ends with the page that holds what is known already.

        That page tells the status of up to a thousand known purchases again; older ones are left to the full read.
        """
        known = 0 if "full" in state else int(state.get("highest") or 0)
        newest = int(state.get("newest") or 0)
        for part in self._transport.each("/v4/purchases", "purchases", state.get("after")):
            numbers = [int(item["id"]) for item in part.items]
            newest = max([newest, known, *numbers])
            if part.after is None or min(numbers, default=0) <= known:
                yield self._told(part.items, {"phase": "done", "since": state["started"], "highest": newest})
                return
            yield self._told(part.items, {**state, "after": part.after, "newest": newest})

    def _one_subscriber(self, identifier: str) -> Record:
        """Read one as the list tells it: asked for by id, Kit leaves out what ``include`` adds."""
        try:
            answer = self._transport.get("subscribers", f"/v4/subscribers/{quote(identifier, safe='')}")
        except Missing:
            return gone([identifier])[0]
        found = answer["subscriber"]
        listed = self._transport.get(
            "subscribers", "/v4/subscribers", email_address=found["email_address"], **_SUBSCRIBER
        )
        items = [item for item in listed["subscribers"] if item["id"] == found["id"]] or [found]
        self._meter.fields |= fields_of(items)
        return plain(items)[0]

    def _tags_worn(self, wanted: list[str]) -> Iterator[Record]:
        relation = RELATIONS["tag_subscribers"]
        by_subscriber: dict[str, set[str]] = {}
        for name in wanted:
            by_subscriber.setdefault(name.partition(":")[2], set()).add(name)
        for subscriber, missing in by_subscriber.items():
            path = f"/v4/subscribers/{quote(subscriber, safe='')}/tags"
            try:
                for part in self._transport.each(path, "tags") if subscriber.isdigit() else ():
                    for record in relation.worn(int(subscriber), part.items):
                        if record.object_id in missing:
                            missing.remove(record.object_id)
                            yield record
            except Missing:
                pass
            yield from gone(sorted(missing))

    def _find(self, stream: str, wanted: set[str]) -> Iterator[Record]:
        for part in self._transport.each(f"/v4/{stream}", stream, **_LISTS.get(stream, {})):
            items = [item for item in part.items if str(item["id"]) in wanted]
            if stream == "broadcasts":
                items = [self._with_figures(item) for item in items]
            self._meter.fields |= fields_of(items)
            wanted -= {str(item["id"]) for item in items}
            yield from plain(items)
            if not wanted:
                return
        yield from gone(sorted(wanted))


def _is_recent(item: JSON, floor: datetime) -> bool:
    sent = instant(item.get("send_at") or item.get("published_at"))
    return sent is None or sent >= floor
