"""Walks a Stripe list, newest first; a long one in several ranges of time at once. What an object means is elsewhere.

The walk's state says exactly which page comes next, so that a resumed walk tells the same pages in the same order.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from integrations.retry import Meter
from integrations.source import JSON
from integrations.stripe.crew import Crew
from integrations.stripe.wire import CursorGone

PAGE = 100
ALONE_PAGES = 5
"""So many pages are read one after the other before a list counts as long: a small account costs no request more."""
_PAGES_A_PART = 8
_MOST_PARTS = 16

State: TypeAlias = dict[str, JSON]


@dataclass(frozen=True)
class Batch:
    """One page as it came, and what it cost."""

    items: list[JSON]
    has_more: bool
    meter: Meter


Ask: TypeAlias = Callable[[dict[str, JSON]], Batch]
"""Fetches one page by its parameters; called from several threads."""


class Listing:
    """One list between two moments (seconds, inclusive; None is open). ``floor`` says when the account was opened."""

    def __init__(self, ask: Ask, crew: Crew, floor: Callable[[], int], low: int | None, high: int | None) -> None:
        self._ask, self._crew, self._floor = ask, crew, floor
        self._low, self._high = low, high

    def walk(self, state: State | None) -> Iterator[tuple[Batch, State | None]]:
        """Yield each page with the state after it, None after the last; a page in the middle may be empty."""
        state = state or {"after": None, "at": None, "told": 0}
        while "parts" not in state:
            batch = self._span(self._low, self._high, state["after"], state.get("at"))
            if not batch.has_more or not batch.items:
                yield batch, None
                return
            last, told = batch.items[-1], state.get("told", 0) + 1
            newest = state.get("from") or batch.items[0].get("created")
            state = {"after": last["id"], "at": last.get("created"), "told": told, "from": newest}
            if told >= ALONE_PAGES:
                state = self._split(state) or state
            yield batch, state
        yield from self._walk_parts(state)

    def _split(self, state: State) -> State | None:
        """Cut what is left into ranges of time, about eight pages each where objects are spread evenly."""
        newest, oldest = state["from"], state["at"]
        if state["told"] > ALONE_PAGES or newest is None or oldest is None:
            return None
        low = self._floor() if self._low is None else self._low
        rest = oldest - low
        pages = state["told"] * rest / max(newest - oldest, 1)
        count = min(int(pages / _PAGES_A_PART), _MOST_PARTS, rest)
        if count < 2:
            return None
        edges = [oldest - rest * number // count for number in range(1, count)]
        parts: list[JSON] = [[edges[0], self._high, state["after"], oldest]]
        # the oldest range is open unless the whole list is bounded: nothing may fall out below
        lows = [*edges[1:], self._low]
        parts += [[below, edge - 1, None, None] for edge, below in zip(edges, lows, strict=True)]
        return {"parts": parts, "turn": 0}

    def _walk_parts(self, state: State) -> Iterator[tuple[Batch, State | None]]:
        parts, turn = [list(part) for part in state["parts"]], state["turn"]
        ahead: dict[int | None, Future[Batch]] = {}
        try:
            while parts:
                self._order(parts, ahead)
                turn %= min(self._crew.size, len(parts))
                part = parts[turn]
                batch = ahead.pop(part[0]).result()
                if batch.has_more and batch.items:
                    part[2:] = [batch.items[-1]["id"], batch.items[-1].get("created")]
                    turn += 1
                else:
                    del parts[turn]
                self._order(parts, ahead)
                yield batch, {"parts": [list(part) for part in parts], "turn": turn} if parts else None
        finally:
            for future in ahead.values():
                future.cancel()

    def _order(self, parts: list[list[JSON]], ahead: dict[int | None, Future[Batch]]) -> None:
        """Have the next page of each range under way fetched."""
        for part in parts[: self._crew.size]:
            if part[0] not in ahead:
                ahead[part[0]] = self._crew.submit(partial(self._span, *part))

    def _span(self, low: int | None, high: int | None, after: str | None, at: int | None) -> Batch:
        if after is not None:
            try:
                return self._ask({**_created(low, high), "starting_after": after})
            except CursorGone:
                if at is None:
                    raise
                # the object was deleted meanwhile: go on from its moment, which tells some of the same second twice
                high = at if high is None else min(at, high)
        return self._ask(_created(low, high))


def _created(low: int | None, high: int | None) -> dict[str, JSON]:
    bounds = {name: moment for name, moment in (("gte", low), ("lte", high)) if moment is not None}
    return {"created": bounds} if bounds else {}
