"""The small streams that have no feed of changes: each read tells all of them. What is big is read elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from integrations.hubspot.catalog import Catalog
from integrations.hubspot.kinds import Kind
from integrations.hubspot.objects import instant, payload_of
from integrations.hubspot.portal import Portal, next_page
from integrations.hubspot.records import full_records, tombstone
from integrations.source import JSON, Cursor, Page, Record
from tekup.errors import PermissionLacking

LABELS_EVERY_MS = 24 * 3_600_000
"""Association labels take a request per pair of kinds and hardly ever change: later reads ask once a day."""

Part: TypeAlias = Callable[[str | None], tuple[list[Record], str | None]]
"""Reads one page of a part of a stream after a token; returns it and the next token."""


class Listings:
    """Reads whole streams, one page after the other.

    The cursor remembers the ids that were told, so that one that is no longer told is known to be gone.
    """

    def __init__(self, portal: Portal, catalog: Catalog) -> None:
        self._portal = portal
        self._catalog = catalog
        self._forms: dict[str | None, tuple[int, JSON]] = {}

    def pages(self, cursor: Cursor | None, parts: Sequence[Part]) -> Iterator[Page]:
        """Yield all pages of all parts; a part that the credential may not read is left as it was."""
        state = _begin(cursor)
        lacking: PermissionLacking | None = None
        for number in range(state["part"], len(parts)):
            after = state["after"] if number == state["part"] else None
            while True:
                try:
                    records, after = parts[number](after)
                except PermissionLacking as fault:
                    lacking = fault
                    break
                seen = [*state["seen"], *(record.object_id for record in records)]
                state = {**state, "part": number, "after": after, "seen": seen}
                if after is None:
                    state = {**state, "part": number + 1}
                if after is None and number + 1 == len(parts) and lacking is None:
                    yield self._last(state, records)
                    return
                yield self._portal.meter.page(records, state)
                if after is None:
                    break
        if lacking is not None and not state["seen"]:
            raise lacking
        # A part was not read, here or before an interruption: what it would have told is not gone.
        kept = sorted({*state["known"], *state["seen"]})
        yield self._portal.meter.page([], {"phase": "full", "known": kept})

    def pipelines(self, kind: str) -> Part:
        """The pipelines of a kind, with their stages."""

        def read(after: str | None) -> tuple[list[Record], str | None]:
            answer = self._portal.call(f"pipelines of {kind}", self._portal.apis.pipelines.get_all, kind)
            return full_records(answer["results"]), None

        return read

    def owners(self, archived: bool) -> Part:
        """Those who may own objects, or those who no longer may."""

        def read(after: str | None) -> tuple[list[Record], str | None]:
            more: dict[str, Any] = {} if after is None else {"after": after}
            answer = self._portal.call(
                "owners", self._portal.apis.owners.get_page, limit=100, archived=archived, **more
            )
            return full_records({**item, "archived": archived} for item in answer["results"]), next_page(answer)

        return read

    def forms(self) -> Part:
        """All forms, whatever their type: without asking, the vendor tells only some."""

        def read(after: str | None) -> tuple[list[Record], str | None]:
            answer = self.forms_page(after, self._portal.now())
            return full_records(answer["results"]), next_page(answer)

        return read

    def forms_page(self, after: str | None, not_before: int) -> JSON:
        """Return one page of forms as the vendor told it at ``not_before`` or later: two streams are read from it."""
        moment, answer = self._forms.get(after, (-1, None))
        if moment < not_before:
            more: dict[str, Any] = {} if after is None else {"after": after}
            moment, types = self._portal.now(), ["all"]
            answer = self._portal.call("forms", self._portal.apis.forms.get_page, limit=100, form_types=types, **more)
            self._forms[after] = moment, answer
        return answer

    def schemas(self, not_before: int) -> Part:
        """The schemas of the portal's own kinds."""

        def read(after: str | None) -> tuple[list[Record], str | None]:
            return [
                Record(str(schema["objectTypeId"]), payload_of(schema), instant(schema.get("updatedAt")))
                for schema in self._catalog.schemas(not_before)
            ], None

        return read

    def label_pages(self, cursor: Cursor | None, not_before: int) -> Iterator[Page]:
        """Yield the association labels of every pair of kinds, at most once a day."""
        known = cursor or {}
        if known.get("phase") == "full" and self._portal.now() - known["at"] < LABELS_EVERY_MS:
            yield self._portal.meter.page([], known)
            return
        kinds = self._catalog.kinds(not_before)
        parts = [self._labels(kind, other) for kind in kinds for other in kind.pairs]
        at = known.get("at") if known.get("phase") == "reading" else None
        started = self._portal.now() if at is None else at
        for page in self.pages(cursor, parts):
            page.cursor["at"] = started
            yield page

    def _labels(self, kind: Kind, other: str) -> Part:
        def read(after: str | None) -> tuple[list[Record], str | None]:
            what = f"association labels {kind.name} to {other}"
            answer = self._portal.call(what, self._portal.apis.labels.get_all, kind.name, other)
            records = []
            for label in answer["results"]:
                identity = f"{kind.name}/{other}/{label['category']}/{label['typeId']}"
                payload = {"from_type": kind.name, "to_type": other, **label}
                records.append(Record(identity, payload_of(payload)))
            return records, None

        return read

    def _last(self, state: Cursor, records: list[Record]) -> Page:
        seen = set(state["seen"])
        gone = [tombstone(name, "vanished") for name in state["known"] if name not in seen]
        return self._portal.meter.page([*records, *gone], {"phase": "full", "known": sorted(seen)})


def _begin(cursor: Cursor | None) -> Cursor:
    if cursor is not None and cursor["phase"] == "reading":
        return cursor
    known = (cursor or {}).get("known") or []
    return {"phase": "reading", "part": 0, "after": None, "seen": [], "known": known}
