"""One portal with a million contacts: any page of it comes at once, and the client reads it like any other."""

import resource
from collections.abc import Iterator

import pytest

from integrations.sandbox.world import World
from tests.integrations.hubspot.reading import change
from tests.integrations.running import Sandbox

SLUG = "fjord-software"
COUNT = 1_000_000


@pytest.fixture(scope="module")
def large(world: World) -> Iterator[Sandbox]:
    with Sandbox(world, bulk_contacts=COUNT) as running:
        yield running


def test_the_vendor_says_a_million_and_pages_from_anywhere(large: Sandbox) -> None:
    source = large.hubspot(SLUG)
    assert source.count("contacts") == COUNT
    last = large.get("hubspot", SLUG, f"/crm/v3/objects/contacts?limit=100&after={1_000_000_000 + COUNT - 50}").json()
    assert len(last["results"]) == 50
    assert "paging" not in last


def test_a_read_goes_on_in_the_middle_and_holds_few_rows(large: Sandbox) -> None:
    source = large.hubspot(SLUG)
    cursor = {"phase": "backfill", "after": str(1_000_000_000 + COUNT // 2), "started": int(large.seconds * 1000)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen: set[str] = set()
    for number, page in enumerate(source.pages("contacts", cursor)):
        seen.update(record.object_id for record in page.records)
        if number == 9:
            break
    assert len(seen) >= 10_000
    assert min(map(int, seen)) == 1_000_000_001 + COUNT // 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_a_change_among_a_million_is_found_by_the_next_read(large: Sandbox) -> None:
    source = large.hubspot(SLUG)
    cursor = {"phase": "changes", "since": int(large.seconds * 1000)}
    large.pass_time(600)
    changed = large.advance(SLUG, "hubspot", created=0, changed=3, archived=0)["changed"]
    large.pass_time(600)
    told = [record.object_id for page in source.pages("contacts", cursor) for record in page.records]
    assert {f"contacts/{one}" for one in told} == set(changed)


def test_a_page_that_was_told_before_tells_what_changed_since(large: Sandbox) -> None:
    def told() -> dict[str, str]:
        answer = large.get("hubspot", SLUG, "/crm/v3/objects/contacts?limit=3&properties=jobtitle").json()
        return {item["id"]: item["properties"]["jobtitle"] for item in answer["results"]}

    before = told()
    assert told() == before
    first = next(iter(before))
    body = {"properties": {"jobtitle": "Direktør for alt"}}
    change(large, "PATCH", f"/crm/v3/objects/contacts/{first}", body, slug=SLUG)
    assert told() == {**before, first: "Direktør for alt"}
