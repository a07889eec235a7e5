"""A source whose pages a test writes by hand: it stands for a vendor that repeats, re-orders and forgets. No test."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from integrations.source import Page, Record


class OnePage:
    """A source of one stream; ``there`` is what it says that it holds."""

    vendor = "kit"
    streams: tuple[str, ...] = ("tags",)
    sides: dict[str, tuple[str, ...]] = {"tags": ("tag_subscribers",)}  # noqa: RUF012
    append_only: frozenset[str] = frozenset()
    memory_days: float | None = None

    def __init__(self, *pages: Page, account: str = "account 1", there: int | None = None) -> None:
        self._pages = pages
        self._account = account
        self.there = there
        self.held: dict[str, Record] = {}
        self.asked: list[dict[str, Any] | None] = []

    def identity(self) -> str:
        return self._account

    def pages(self, stream: str, cursor: dict[str, Any] | None) -> Iterator[Page]:
        self.asked.append(cursor)
        yield from self._pages

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        if not self.held:
            raise ValueError("this source can't be asked for single objects")
        found = [self.held.get(one) or Record(one, b"", deleted=True, reason="deleted") for one in identifiers]
        yield Page(found, {})

    def count(self, stream: str) -> int | None:
        return self.there

    def check(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def tag(number: int, name: str, **more: Any) -> Record:
    return Record(str(number), json.dumps({"id": number, "name": name}).encode(), **more)
