"""Single objects as they are now: what a hint names becomes rows, sides and tombstones that say why."""

import orjson
import pytest

from integrations.hubspot.client import OBJECT_STREAMS
from tests.integrations.hubspot.reading import (
    OBJECTS,
    SLUG,
    change,
    empty_log,
    make,
    paths,
    payloads,
    pull,
    read,
    reasons,
    replaced,
    sides,
    truth,
)
from tests.integrations.running import Sandbox

CONTACTS = f"{OBJECTS}/contacts"


@pytest.mark.parametrize("kind", [*OBJECT_STREAMS, "custom_objects"])
def test_a_fetched_object_reads_exactly_as_in_a_walk(sandbox: Sandbox, kind: str) -> None:
    source = sandbox.hubspot(SLUG)
    pages, _ = pull(source, kind)
    walked = {r.object_id: r for page in pages for r in page.records if not r.deleted}
    some = list(walked)[:120]
    fetched = list(source.fetch(kind, some))
    assert {r.object_id: r for page in fetched for r in page.records} == {name: walked[name] for name in some}
    for stream in source.sides.get(kind, ()):
        told, before = sides(fetched, stream), sides(pages, stream)
        parents = {name.split(":")[0] for name in told}
        assert told == {name: value for name, value in before.items() if name.split(":")[0] in parents}


def test_a_hundred_objects_cost_two_reads_with_histories_and_one_without(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    for kind, cost in (("contacts", 2), ("companies", 1)):
        numbers = list(truth(sandbox, kind)["live"])[:100]
        empty_log(sandbox)
        list(source.fetch(kind, numbers))
        assert paths(sandbox).count(f"{OBJECTS}/{kind}/batch/read") == cost


def test_what_is_gone_says_why(sandbox: Sandbox) -> None:
    live = list(truth(sandbox, "contacts")["live"])
    kept, archived, erased, one, two = live[:5]
    change(sandbox, "DELETE", f"{CONTACTS}/{archived}")
    change(sandbox, "POST", f"{CONTACTS}/gdpr-delete", {"objectId": erased})
    body = {"primaryObjectId": one, "objectIdToMerge": two}
    merged = change(sandbox, "POST", f"{CONTACTS}/merge", body).json()["id"]
    asked = [kept, archived, erased, one, two, "1"]
    pages = list(sandbox.hubspot(SLUG).fetch("contacts", asked))
    records = [record for page in pages for record in page.records]
    assert reasons(records) == {
        kept: None,
        archived: "archived",
        erased: "vanished",
        one: "merged",
        two: "merged",
        merged: None,
        "1": "vanished",
    }
    assert orjson.loads(next(r.payload for r in records if r.object_id == one))["mergedInto"] == merged
    assert replaced(pages, "contact_companies") == {*asked, merged}


def test_a_fetched_object_tells_its_sides(sandbox: Sandbox) -> None:
    deal = next(iter(truth(sandbox, "deals")["live"]))
    pages = list(sandbox.hubspot(SLUG).fetch("deals", [deal]))
    assert replaced(pages, "deal_contacts") == {deal}
    assert sides(pages, "deal_contacts")
    assert b'"propertiesWithHistory"' in pages[0].records[0].payload


def test_a_kind_that_is_gone_takes_its_objects_along(sandbox: Sandbox) -> None:
    records, _ = read(sandbox.hubspot(SLUG), "custom_objects")
    number = records[0].object_id
    change(sandbox, "DELETE", f"/crm-object-schemas/v3/schemas/{number.split('/')[0]}")
    pages = list(sandbox.hubspot(SLUG).fetch("custom_objects", [number]))
    assert reasons(record for page in pages for record in page.records) == {number: "vanished"}


@pytest.mark.parametrize("stream", ["owners", "associations", "unicorns"])
def test_what_can_not_be_read_one_by_one_is_refused(sandbox: Sandbox, stream: str) -> None:
    with pytest.raises(ValueError, match="one by one"):
        sandbox.hubspot(SLUG).fetch(stream, ["1"])


def test_counts_are_of_live_objects(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    gone = make(sandbox, "products", name="Bort")
    before = source.count("products")
    change(sandbox, "DELETE", f"{OBJECTS}/products/{gone}")
    assert before is not None
    assert source.count("products") == before - 1 == len(truth(sandbox, "products")["live"])
    for stream in ("schemas", "properties", "pipelines", "owners", "forms"):
        assert source.count(stream) == len(payloads(read(source, stream)[0]))
    assert [source.count(stream) for stream in ("associations", "property_history", "form_submissions")] == [None] * 3


def test_the_account_is_named(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    told = sandbox.get("hubspot", SLUG, "/account-info/v3/details").json()["portalId"]
    assert source.identity() == source.identity() == f"portal {told}"
    assert sandbox.hubspot("kyst-logistik").identity() != source.identity()
    assert paths(sandbox).count("/account-info/v3/details") == 2
