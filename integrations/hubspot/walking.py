"""Walks the objects of one kind: all by list, later the changes by search, then the recycle bin.

Later reads search by the modified date with a fixed upper bound, page by id (offset paging loses rows that change
meanwhile, and ends at 10,000) and overlap the window, because the search index lags. Archiving does not touch the
modified date, so every read also walks the recycle bin. Which kinds there are is decided elsewhere.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from integrations.hubspot.catalog import Catalog
from integrations.hubspot.kinds import (
    BATCH_SIZE,
    HISTORY_SIZE,
    LIST_SIZE,
    SEARCH_SIZE,
    STEP_ROWS,
    URL_CHARACTERS,
    Kind,
)
from integrations.hubspot.objects import Object, ObjectPage, read_objects
from integrations.hubspot.portal import Answering, Portal, next_page, refuse_part
from integrations.hubspot.records import gone_among, milliseconds, object_records, tombstone
from integrations.hubspot.sides import Sides
from integrations.retry import Meter
from integrations.source import JSON, Cursor, Page

_FEW_NAMES = ("hs_object_id", "hs_merged_object_ids")


class Walker:
    """Reads objects of a portal, whole or changed. ``overlap_ms`` must exceed the search index's lag."""

    def __init__(self, portal: Portal, catalog: Catalog, sides: Sides, overlap_ms: int) -> None:
        self._portal = portal
        self._catalog = catalog
        self._sides = sides
        self._overlap_ms = overlap_ms

    def pages(self, kind: Kind, cursor: Cursor | None) -> Iterator[Page]:
        """Go through the phases: backfill or changes, then the recycle bin."""
        if cursor is None:
            cursor = {"phase": "backfill", "after": None, "started": self._portal.now()}
        if cursor["phase"] == "changes":
            cursor = {"until": self._portal.now(), "last": "0", "told": 0, **cursor}
        if cursor["phase"] != "archive":
            step = self._backfill if cursor["phase"] == "backfill" else self._changes
            for page in step(kind, cursor):
                yield page
                cursor = page.cursor
        yield from self._recycle_bin(kind, cursor)

    def count(self, kind: Kind) -> int:
        """Return how many live objects the vendor's search finds."""
        return int(self._search(kind, [], ("hs_object_id",), limit=1)["total"])

    def complete(
        self, kind: Kind, numbers: Sequence[str], names: Sequence[str], *, archived: bool = False
    ) -> list[Object]:
        """Return these objects as they are now, with all properties; those that there are not are left out."""
        history = [] if archived else list(kind.tracked)
        size = HISTORY_SIZE if history else BATCH_SIZE
        what, read = f"read {kind.name}", self._portal.apis.batches.read
        items: dict[str, Object] = {}
        for start in range(0, len(numbers), size):
            body = {
                "inputs": [{"id": number} for number in numbers[start : start + size]],
                "properties": list(names),
                "propertiesWithHistory": history,
            }
            answer: ObjectPage = self._portal.call(what, read, kind.name, body, archived=archived, read=read_objects)
            refuse_part(what, answer.errors)
            self._note_fields(answer, names)
            items.update((item.id, item) for item in answer.objects)
        return list(items.values())

    def page(
        self,
        kind: Kind,
        items: list[Object],
        cursor: Cursor,
        expected: int | None = None,
        *,
        vanished: Sequence[str] = (),
    ) -> Page:
        """Return a page of objects, tombstones and sides."""
        return self._start_page(kind, items, cursor, expected, vanished=vanished)()

    def _start_page(
        self,
        kind: Kind,
        items: list[Object],
        cursor: Cursor,
        expected: int | None = None,
        *,
        vanished: Sequence[str] = (),
    ) -> Callable[[], Page]:
        """Ask for what belongs to the objects now, and return what waits for it and makes the page."""
        merged, archived, erased = gone_among(items)
        coming = self._sides.start(kind, items, [*archived, *merged, *erased, *vanished], erased)
        records = object_records(kind, items)
        records += (tombstone(kind.object_id(number), "vanished") for number in vanished)
        return lambda: self._portal.meter.page(records, cursor, sides=coming(), expected=expected)

    def names(self, kind: Kind, moment: int) -> tuple[str, ...]:
        """Return the names of a kind's properties, young enough for a window of changes that ends at ``moment``."""
        return self._catalog.names(kind, moment - self._overlap_ms)

    def _backfill(self, kind: Kind, cursor: Cursor) -> Iterator[Page]:
        names = self.names(kind, cursor["started"])
        expected = self.count(kind) if cursor["after"] is None else None
        items: list[Object] = []
        coming: Callable[[], Page] | None = None
        for found, after in self._listed(kind, names, cursor["after"]):
            items += found
            if after is not None and kind.sides and len(items) < STEP_ROWS:
                continue
            state = {**cursor, "after": after}
            if after is None:
                state = {"phase": "archive", "since": None, "until": cursor["started"], "after": None}
            # what belongs to these is on its way while the next ones are listed
            begun = self._start_page(kind, items, state, expected)
            if coming is not None:
                yield coming()
            coming, items = begun, []
        if coming is not None:
            yield coming()

    def _listed(self, kind: Kind, names: Sequence[str], after: str | None) -> Iterator[tuple[list[Object], str | None]]:
        """Yield list pages with all properties and where to go on, None after the last.

        While a page is worked on, the next one is on its way.
        """
        fits = sum(len(name) + len("%2C") for name in names) <= URL_CHARACTERS
        ask = functools.partial(self._list, kind, names if fits else _FEW_NAMES, history=fits)
        meter = Meter(self._portal.meter.clock)
        coming = ask(after, meter)
        while True:
            answer: ObjectPage = coming()
            self._portal.meter.add(meter)
            after, items = answer.after, answer.objects
            if after is not None:
                coming = ask(after, meter)
            if fits:
                self._note_fields(answer, names)
            else:
                # What is archived between the two requests is met in the recycle bin.
                items = self.complete(kind, [item.id for item in items], names)
            yield items, after
            if after is None:
                return

    def _list(self, kind: Kind, names: Sequence[str], after: str | None, meter: Meter, *, history: bool) -> Answering:
        more: dict[str, Any] = {} if after is None else {"after": after}
        if history and kind.tracked:
            more["properties_with_history"] = [",".join(kind.tracked)]
        return self._portal.start(
            f"list {kind.name}",
            self._portal.apis.objects.get_page,
            kind.name,
            meter=meter,
            read=read_objects,
            limit=HISTORY_SIZE if "properties_with_history" in more else LIST_SIZE,
            properties=[",".join(names)],  # the SDK would encode hundreds of parameters anew for each page
            archived=False,
            **more,
        )

    def _changes(self, kind: Kind, state: Cursor) -> Iterator[Page]:
        low = state["since"] - self._overlap_ms
        while True:
            changed: list[str] = []
            expected = None
            while True:
                found, total, is_last = self._changed(kind, low, state)
                expected = state["told"] + total if expected is None else expected
                changed += found
                if is_last:
                    state = {"phase": "archive", "since": state["since"], "until": state["until"], "after": None}
                    break
                state = {**state, "last": found[-1], "told": state["told"] + len(found)}
                if not kind.sides or len(changed) >= STEP_ROWS:
                    break
            # the search itself tells ids: its index may lag
            items = self.complete(kind, changed, self.names(kind, state["until"])) if changed else []
            yield self.page(kind, items, state, expected)
            if state["phase"] == "archive":
                return

    def _changed(self, kind: Kind, low: int, state: Cursor) -> tuple[list[str], int, bool]:
        """Return the next changed ids after ``state["last"]``, how many there are yet, whether these are all."""
        filters = [
            {"propertyName": kind.modified, "operator": "GTE", "value": str(low)},
            {"propertyName": kind.modified, "operator": "LT", "value": str(state["until"])},
            {"propertyName": "hs_object_id", "operator": "GT", "value": state["last"]},
        ]
        answer = self._search(kind, filters, _FEW_NAMES, limit=SEARCH_SIZE)
        found = [item["id"] for item in answer["results"]]
        return found, int(answer["total"]), not found or next_page(answer) is None

    def _search(self, kind: Kind, filters: list[JSON], names: Iterable[str], limit: int) -> JSON:
        request = {
            "limit": limit,
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(names),
        }
        return self._portal.call(f"search {kind.name}", self._portal.apis.searches.do_search, kind.name, request)

    def _recycle_bin(self, kind: Kind, cursor: Cursor) -> Iterator[Page]:
        """Tell what was archived since ``cursor["since"]``, or everything that the bin holds."""
        low = 0 if cursor["since"] is None else cursor["since"] - self._overlap_ms
        after = cursor.get("after")
        while True:
            more = {} if after is None else {"after": after}
            answer = self._portal.call(
                f"list archived {kind.name}",
                self._portal.apis.objects.get_page,
                kind.name,
                limit=LIST_SIZE,
                properties=list(_FEW_NAMES),
                archived=True,
                **more,
            )
            after = next_page(answer)
            fresh = [item["id"] for item in answer["results"] if milliseconds(item.get("archivedAt")) >= low]
            items = self.complete(kind, fresh, self.names(kind, cursor["until"]), archived=True) if fresh else []
            state = {**cursor, "after": after}
            if after is None:
                state = {"phase": "changes", "since": cursor["until"]}
            yield self.page(kind, items, state)
            if after is None:
                return

    def _note_fields(self, answer: ObjectPage, names: Iterable[str]) -> None:
        """Note what the answer's objects hold; of properties all that were asked for may be told."""
        if answer.objects:
            self._portal.meter.fields.update(answer.fields, (f"properties.{name}" for name in names))
