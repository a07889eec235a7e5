"""Long lists are read in several ranges of time at once, and resume exactly; short ones cost nothing more."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.retry import Meter
from integrations.sandbox.world import World
from integrations.stripe.crew import Crew
from integrations.stripe.listing import ALONE_PAGES, Batch, Listing
from integrations.stripe.wire import CursorGone
from tests.integrations.running import Sandbox
from tests.integrations.stripe.reading import SLUG, read

# Created moments of 3,000 objects: sparse at first, dense later, with many of the same second.
MOMENTS = sorted([*range(1_000, 100_000, 150), *range(60_000, 100_000, 18), *([77_777] * 118)])


class Shelf:
    """A list as the vendor serves it: newest first, with a window and a cursor."""

    def __init__(self, moments: list[int], *, waits: bool = False) -> None:
        self.rows = [{"id": f"x{place:05d}", "created": at} for place, at in enumerate(moments)]
        self.asked = 0
        self.together = 0
        self.most_together = 0
        self.met = threading.Event()
        self._waits = waits
        self._lock = threading.Lock()

    def ask(self, parameters: dict[str, Any]) -> Batch:
        with self._lock:
            self.asked += 1
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            if self.together > 1:
                self.met.set()
        if self._waits and "created" in parameters:
            self.met.wait(5)  # a range waits for company once, which only comes where several are asked for
        try:
            return self._page(parameters)
        finally:
            with self._lock:
                self.together -= 1

    def _page(self, parameters: dict[str, Any]) -> Batch:
        window = parameters.get("created", {})
        found = [r for r in reversed(self.rows) if window.get("gte", 0) <= r["created"] <= window.get("lte", 10**9)]
        after = parameters.get("starting_after")
        if after is not None:
            if after not in {row["id"] for row in self.rows}:
                raise CursorGone("gone")
            found = [row for row in found if row["id"] < after]
        return Batch(found[:100], len(found) > 100, Meter())


@pytest.fixture
def crew() -> Iterator[Crew]:
    one = Crew(4)
    yield one
    one.close()


def _walk(listing: Listing, state: Any = None) -> list[tuple[list[str], Any]]:
    return [([item["id"] for item in batch.items], after) for batch, after in listing.walk(state)]


def test_a_long_list_is_told_whole_and_resumes_in_the_same_order_after_every_page(crew: Crew) -> None:
    shelf = Shelf(MOMENTS)
    listing = Listing(shelf.ask, crew, lambda: 900, None, None)
    steps = _walk(listing)
    told = [name for names, _ in steps for name in names]
    assert sorted(told) == [row["id"] for row in shelf.rows]
    assert len(steps) > 30
    assert steps[ALONE_PAGES][1]["parts"]
    for place, (_, after) in enumerate(steps[:-1]):
        rest = _walk(Listing(shelf.ask, crew, lambda: 900, None, None), after)
        assert rest == steps[place + 1 :]
    assert steps[-1][1] is None


def test_the_ranges_of_a_window_stay_inside_it(crew: Crew) -> None:
    shelf = Shelf(MOMENTS)
    told = [name for names, _ in _walk(Listing(shelf.ask, crew, lambda: 0, 20_000, 90_000)) for name in names]
    assert sorted(told) == [row["id"] for row in shelf.rows if 20_000 <= row["created"] <= 90_000]


def test_what_is_older_than_the_account_is_told_too(crew: Crew) -> None:
    shelf = Shelf(MOMENTS)
    told = [name for names, _ in _walk(Listing(shelf.ask, crew, lambda: 50_000, None, None)) for name in names]
    assert sorted(told) == [row["id"] for row in shelf.rows]


@pytest.mark.parametrize("count", [0, 1, 100, 101, 500])
def test_a_short_list_costs_one_request_a_page(crew: Crew, count: int) -> None:
    shelf = Shelf(MOMENTS[:count])
    told = [name for names, _ in _walk(Listing(shelf.ask, crew, lambda: 900, None, None)) for name in names]
    assert len(told) == count
    assert shelf.asked == max(1, -(-count // 100))


def test_several_ranges_are_under_way_at_once_but_never_more_than_the_crew(crew: Crew) -> None:
    shelf = Shelf(MOMENTS, waits=True)
    _walk(Listing(shelf.ask, crew, lambda: 900, None, None))
    assert shelf.met.is_set(), "ranges are read one after the other"
    assert 2 <= shelf.most_together <= 4


def test_an_object_that_was_deleted_meanwhile_is_no_obstacle(crew: Crew) -> None:
    shelf = Shelf(MOMENTS)
    listing = Listing(shelf.ask, crew, lambda: 900, None, None)
    for stop in (2, ALONE_PAGES + 6):
        steps = listing.walk(None)
        told: set[str] = set()
        state: Any = None
        for _ in range(stop):
            batch, state = next(steps)
            told |= {item["id"] for item in batch.items}
        cursors = {state["after"]} if "after" in state else {part[2] for part in state["parts"]} - {None}
        shelf.rows = [row for row in shelf.rows if row["id"] not in cursors]
        told |= {name for names, _ in _walk(listing, state) for name in names}
        assert told >= {row["id"] for row in shelf.rows}


def test_a_long_list_of_the_account_is_told_whole_by_several_threads(sandbox: Sandbox, world: World) -> None:
    for _ in range(40):
        sandbox.pass_time(20_000)
        sandbox.advance(SLUG, "stripe", created=22, changed=0, archived=0)
    known = {row["id"] for row in _all(sandbox, "charges")}
    pages = list(sandbox.stripe(SLUG).pages("charges", None))
    assert {record.object_id for page in pages for record in page.records} == known
    assert sum(len(page.records) for page in pages) == len(known) > 900
    assert any("parts" in (page.cursor.get("walk") or {}) for page in pages)
    middle = next(page for page in pages if "parts" in (page.cursor.get("walk") or {}))
    rest, last = read(sandbox.stripe(SLUG), "charges", middle.cursor)
    place = pages.index(middle)
    assert [r.object_id for r in rest] == [r.object_id for page in pages[place + 1 :] for r in page.records]
    assert last == pages[-1].cursor


def _all(sandbox: Sandbox, stream: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = sandbox.get("stripe", SLUG, f"/v1/{stream}?limit=100{after}").json()
        found += answer["data"]
        if not answer["has_more"]:
            return found
        after = f"&starting_after={found[-1]['id']}"


def test_a_coupon_that_is_deleted_between_two_pages_costs_no_other_one(sandbox: Sandbox) -> None:
    header = {"Authorization": f"Bearer sandbox-stripe-{SLUG}"}
    for _ in range(130):
        assert sandbox.http.post("/stripe/v1/coupons", headers=header, data={"name": "Rabat"}).status_code == 200
    pages = sandbox.stripe(SLUG).pages("coupons", None)
    first = next(pages)
    assert len(first.records) == 100
    cursor = first.cursor["walk"]["after"]
    assert sandbox.http.request("DELETE", f"/stripe/v1/coupons/{cursor}", headers=header).status_code == 200
    told = {r.object_id for r in first.records} | {r.object_id for page in pages for r in page.records}
    assert told >= {row["id"] for row in _all(sandbox, "coupons")}
