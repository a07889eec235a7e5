"""Reads who wears a tag, filled in a form or takes a sequence. Which parents there are is told by the caller.

Kit filters additions by day (``tagged_after``, ``added_after``) and tells no removals. So a later read takes a parent
of up to a page whole, which costs one request and finds both. For a larger one it asks for the additions and for the
size: where that isn't the old one plus the additions, somebody left, and the parent is read whole. A parent of more
than ``REPLACED_MOST`` would need too much memory for that: whom it lost is found by the next full read.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from integrations.kit.records import Relation, fields_of, gone
from integrations.kit.transport import PAGE_ROWS, Slice, Transport
from integrations.retry import Missing
from integrations.source import JSON, Cursor, Page, Record

REPLACED_MOST = 20 * PAGE_ROWS
# The vendor's clock may be behind ours: an addition that was counted twice costs a read too many, one that was not
# counted would hide a removal.
_SKEW = timedelta(minutes=5)


class Members:
    """One relation of one account.

    The cursor of a running read knows the parent it has come ``past``, where it is within the next (``at``, ``after``),
    and the ``sizes`` of those read so far; ``new`` counts the additions to the current one.
    """

    def __init__(self, transport: Transport, relation: Relation) -> None:
        self._transport = transport
        self._relation = relation

    def pages(self, state: Cursor, parents: Sequence[int]) -> Iterator[Page]:
        """Yield pages of all parents' members; ``state`` is of a running read, complete or for changes."""
        sizes: dict[str, int] = dict(state.get("sizes") or {})
        meter = self._transport.meter
        if "past" not in state and "at" not in state:
            lost = sorted(sizes.keys() - {str(parent) for parent in parents}, key=int)
            for name in lost:
                del sizes[name]
            if lost:
                yield meter.page([], {**state, "sizes": dict(sizes)}, tuple(lost))
        for parent in sorted(parents):
            if parent <= state.get("past", -1):
                continue
            running = state if state.get("at") == parent else _without(state, "at", "after", "new")
            try:
                yield from self._parent(running, parent, sizes)
            except Missing:
                sizes.pop(str(parent), None)
                yield meter.page([], self._past(state, parent, sizes), (str(parent),))
            state = self._past(state, parent, sizes)
        yield meter.page([], {"phase": "done", "since": state["started"], "sizes": sizes})

    def find(self, wanted: set[str], since: str) -> Iterator[Record]:
        """Yield the pairs as they are now, a tombstone for each that is gone; Kit has no way to ask for one pair.

        Raises:
            ValueError: one is not among the additions ``since`` (a date) to a parent of more than ``REPLACED_MOST``.
        """
        for parent in sorted({name.partition(":")[0] for name in wanted}):
            missing = {name for name in wanted if name.partition(":")[0] == parent}
            try:
                for record in self._candidates(int(parent), since) if parent.isdigit() else ():
                    if record.object_id in missing:
                        missing.remove(record.object_id)
                        yield record
                    if not missing:
                        break
            except Missing:
                pass
            yield from gone(sorted(missing))

    def _candidates(self, parent: int, since: str) -> Iterator[Record]:
        for part in self._all(parent, None):
            if part.total is not None and part.total > REPLACED_MOST:
                yield from self._added(parent, since)
                raise ValueError(f"kit has no way to look for single {self._relation.stream} among {part.total:,}")
            yield from self._relation.members(parent, part.items)

    def _added(self, parent: int, since: str) -> Iterator[Record]:
        added = {self._relation.since: since}
        for part in self._transport.each(self._path(parent), "subscribers", status="all", **added):
            yield from self._relation.members(parent, part.items)

    def count(self, parents: Sequence[int]) -> int:
        """Return how many pairs there are: one request a parent."""
        return sum(self._total(parent) for parent in parents)

    def _parent(self, state: Cursor, parent: int, sizes: dict[str, int]) -> Iterator[Page]:
        known = sizes.get(str(parent))
        if "full" in state or (state.get("at") == parent and "new" not in state):
            yield from self._stream(state, parent, sizes)
        elif known is None or known <= PAGE_ROWS:
            yield from self._whole(state, parent, sizes)
        else:
            yield from self._changes(state, parent, sizes)

    def _stream(self, state: Cursor, parent: int, sizes: dict[str, int]) -> Iterator[Page]:
        """Yield every member page by page."""
        for part in self._all(parent, state.get("after")):
            if part.total is not None:
                sizes[str(parent)] = part.total
            yield self._page(state, parent, part, sizes)

    def _whole(self, state: Cursor, parent: int, sizes: dict[str, int]) -> Iterator[Page]:
        """Yield one page of every member, which replaces what is stored; a stream of pages where they are too many."""
        items: list[JSON] = []
        for part in self._all(parent, None):
            if part.total is not None and part.total > REPLACED_MOST:
                sizes[str(parent)] = part.total
                yield self._page(state, parent, part, sizes)
                if part.after is not None:
                    yield from self._stream({**state, "after": part.after}, parent, sizes)
                return
            items += part.items
        sizes[str(parent)] = len(items)
        self._transport.meter.fields |= fields_of(items)
        records = self._relation.members(parent, items)
        yield self._transport.meter.page(records, self._past(state, parent, sizes), (str(parent),))

    def _changes(self, state: Cursor, parent: int, sizes: dict[str, int]) -> Iterator[Page]:
        """Yield the additions; then, where the size says that somebody left, every member."""
        since = datetime.fromisoformat(state["exactly"]) - _SKEW
        new = int(state.get("new", 0))
        path, added = self._path(parent), {self._relation.since: state["since"]}
        for part in self._transport.each(path, "subscribers", state.get("after"), status="all", **added):
            records = self._relation.members(parent, part.items)
            new += sum(record.modified_at is None or record.modified_at >= since for record in records)
            if part.after is not None:
                yield self._page({**state, "new": new}, parent, part, sizes)
            elif records:
                self._transport.meter.fields |= fields_of(part.items)
                # Not past the parent yet: its size is still to be looked at.
                yield self._transport.meter.page(records, {**state, "sizes": dict(sizes)})
        size = sizes[str(parent)]
        if size > REPLACED_MOST:
            return
        total = self._total(parent)
        sizes[str(parent)] = total
        if total != size + new:
            yield from self._whole(_without(state, "at", "after", "new"), parent, sizes)

    def _all(self, parent: int, after: str | None) -> Iterator[Slice]:
        counted = {"include_total_count": "true"} if after is None else {}
        return self._transport.each(self._path(parent), "subscribers", after, status="all", **counted)

    def _total(self, parent: int) -> int:
        return self._transport.total(self._path(parent), "subscribers", status="all")

    def _path(self, parent: int) -> str:
        return f"/v4/{self._relation.parents}/{parent}/subscribers"

    def _page(self, state: Cursor, parent: int, part: Slice, sizes: dict[str, int]) -> Page:
        if part.after is None:
            cursor = self._past(state, parent, sizes)
        else:
            cursor = {**state, "at": parent, "after": part.after, "sizes": dict(sizes)}
        self._transport.meter.fields |= fields_of(part.items)
        return self._transport.meter.page(self._relation.members(parent, part.items), cursor)

    @staticmethod
    def _past(state: Cursor, parent: int, sizes: dict[str, int]) -> Cursor:
        return {**_without(state, "at", "after", "new"), "past": parent, "sizes": dict(sizes)}


def _without(state: Cursor, *names: str) -> Cursor:
    return {name: value for name, value in state.items() if name not in names}
