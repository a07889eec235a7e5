"""Reads single objects as they are now, and finds out why one is gone. Walks through all of them are elsewhere."""

from collections.abc import Iterator, Sequence

from integrations.hubspot.kinds import BATCH_SIZE, Kind
from integrations.hubspot.objects import Object, with_merged
from integrations.hubspot.portal import Portal
from integrations.hubspot.walking import Walker
from integrations.retry import Missing
from integrations.source import Page


class Fetcher:
    """Reads objects of a portal by their ids."""

    def __init__(self, portal: Portal, walker: Walker) -> None:
        self._portal = portal
        self._walker = walker

    def pages(self, kind: Kind, numbers: Sequence[str]) -> Iterator[Page]:
        """Yield these objects, a tombstone for each that is gone, and what took the place of merged ones."""
        names = self._walker.names(kind, self._portal.now())
        for start in range(0, len(numbers), BATCH_SIZE):
            asked = list(dict.fromkeys(numbers[start : start + BATCH_SIZE]))
            items = self._walker.complete(kind, asked, names)
            missing = _unexplained(asked, items)
            if missing:
                items += self._walker.complete(kind, missing, names, archived=True)
                missing = _unexplained(asked, items)
            if missing and any(item.id not in asked for item in items):
                items += self._survivors(kind, missing)
            yield self._walker.page(kind, items, {}, vanished=_unexplained(asked, items))

    def _survivors(self, kind: Kind, numbers: Sequence[str]) -> list[Object]:
        """Ask for each id alone: a merged one answers with the object that took its place, which does not say so."""
        items: list[Object] = []
        for number in numbers:
            try:
                item = self._portal.call(
                    f"read {kind.name}", self._portal.apis.objects.get_by_id, kind.name, number, archived=False
                )
            except Missing:
                continue
            if item["id"] == number:
                continue
            found = self._walker.complete(kind, [item["id"]], self._walker.names(kind, self._portal.now()))
            items += (with_merged(survivor, number) for survivor in found)
        return items


def _unexplained(asked: Sequence[str], items: Sequence[Object]) -> list[str]:
    known = {item.id for item in items} | {old for item in items for old in item.merged}
    return [number for number in asked if number not in known]
