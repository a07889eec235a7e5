"""Keeps the pages of a large list as the bytes that were sent, until its objects change. What a page says is elsewhere.

A vendor answers from many machines; the sandbox shares two cores with whoever reads it, so that a page made anew each
time would be most of what a reader's speed is measured by.
"""

from collections.abc import Hashable


class Shelf:
    """Pages by what was asked for, up to ``room`` bytes in all; without room it keeps none."""

    def __init__(self, room: int = 0) -> None:
        self._room = room
        self._pages: dict[str, tuple[Hashable, dict[Hashable, bytes]]] = {}
        self._held = 0

    def find(self, kind: str, state: Hashable, asked: Hashable) -> bytes | None:
        """Return a page, if it was kept while the kind was in the same ``state``."""
        kept = self._pages.get(kind)
        return kept[1].get(asked) if kept is not None and kept[0] == state else None

    def keep(self, kind: str, state: Hashable, asked: Hashable, page: bytes) -> None:
        """Keep a page; those of another state go, and what does not fit is not kept."""
        if self._room == 0:
            return
        kept = self._pages.get(kind)
        if kept is None or kept[0] != state:
            self._held -= sum(map(len, kept[1].values())) if kept is not None else 0
            kept = self._pages[kind] = (state, {})
        if self._held + len(page) <= self._room:
            kept[1][asked] = page
            self._held += len(page)
