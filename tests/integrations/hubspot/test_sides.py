"""Associations and histories are told on the pages of their objects, whole, paged and without doubling any walk."""

import orjson
import pytest

from integrations.sandbox.world import World
from integrations.source import Page
from tests.integrations.hubspot.reading import (
    OBJECTS,
    SLUG,
    change,
    empty_log,
    link,
    make,
    paths,
    pull,
    read,
    replaced,
    sides,
    truth,
)
from tests.integrations.running import Sandbox


def _pairs(sandbox: Sandbox, kind: str, other: str) -> set[tuple[str, str]]:
    told = sandbox.get("hubspot", SLUG, "/_sandbox/truth").json()["associations"].get(f"{kind}/{other}", [])
    return {(one, two) for one, two in told}


def test_associations_follow_their_parents(sandbox: Sandbox, world: World) -> None:
    source = sandbox.hubspot(SLUG)
    pages, cursor = pull(source, "deals")
    deals = world.vendors["hubspot_deals"].filter(tenant_id=world.operational["tenants"]["id"][0])
    archived = set(deals.filter(deals["archived"])["object_id"])
    gone = world.vendors["hubspot_contacts"].filter(tenant_id=world.operational["tenants"]["id"][0])
    hidden = set(gone.filter(gone["archived"])["object_id"])
    pairs = {
        f"{deal}:{contact}"
        for deal, contact in deals.select("object_id", "contact_ref").drop_nulls().iter_rows()
        if deal not in archived and contact not in hidden
    }
    assert sides(pages, "deal_contacts").keys() == pairs
    deal, contact = sorted(pairs)[0].split(":")
    assert sides(pages, "deal_contacts")[f"{deal}:{contact}"] == {
        "from_type": "deals",
        "from_id": deal,
        "to_type": "contacts",
        "to_id": contact,
        "association_types": [{"category": "HUBSPOT_DEFINED", "typeId": 3}],
    }
    sandbox.pass_time(3600)
    body = {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]}
    change(sandbox, "POST", "/crm/v4/associations/deals/contacts/batch/archive", body)
    sandbox.pass_time(60)
    pages, _ = pull(source, "deals", cursor)
    assert sides(pages, "deal_contacts") == {}
    assert replaced(pages, "deal_contacts") == {deal}
    assert replaced(pages, "associations") == {f"deals/{deal}"}


@pytest.mark.parametrize("kind", ["deals", "tickets", "quotes", "calls", "emails", "meetings", "notes", "tasks"])
def test_every_other_pair_is_told_in_one_stream(sandbox: Sandbox, kind: str) -> None:
    source = sandbox.hubspot(SLUG)
    pages, _ = pull(source, kind)
    shared = [*source.sides[kind]]
    assert "associations" in shared
    own = {"deals": {"contacts", "companies"}}.get(kind, set())
    expected = {
        f"{kind}/{one}:{other}/{two}"
        for other in ("contacts", "companies", "deals", "tickets", "line_items", "quotes")
        if other not in own and (kind, other) != ("quotes", "deals") and other != kind
        for one, two in _pairs(sandbox, kind, other)
        if (kind, other) != ("deals", "tickets")
    }
    told = sides(pages, "associations")
    assert told.keys() == expected
    assert len(told) > 0
    assert replaced(pages, "associations") == {f"{kind}/{number}" for number in truth(sandbox, kind)["live"]} | {
        f"{kind}/{number}" for number in truth(sandbox, kind)["archived"]
    }


def test_the_walk_of_an_object_kind_is_walked_once(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    pull(source, "deals")
    asked = paths(sandbox)
    assert asked.count(f"{OBJECTS}/deals") == 2 + 1
    assert len([path for path in asked if "/associations/" in path]) == 4
    assert not {"deal_contacts", "deal_companies", "contact_companies"} & set(source.streams)


def test_associations_beyond_one_page_are_followed(sandbox: Sandbox) -> None:
    contacts = list(truth(sandbox, "contacts")["live"])[:11]
    call = make(sandbox, "calls", hs_call_title="Mange")
    for contact in contacts:
        link(sandbox, "calls", call, "contacts", contact)
    change(sandbox, "POST", "/_sandbox/portal", {"association_page": 3})
    pages, _ = pull(sandbox.hubspot(SLUG), "calls")
    told = sides(pages, "associations")
    assert {name for name in told if name.startswith(f"calls/{call}:contacts")} == {
        f"calls/{call}:contacts/{contact}" for contact in contacts
    }


def test_a_label_changes_the_row_and_not_its_name(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    pages, cursor = pull(source, "deals")
    name = sorted(sides(pages, "deal_contacts"))[0]
    deal, contact = name.split(":")
    sandbox.pass_time(3600)
    link(sandbox, "deals", deal, "contacts", contact, 36)
    sandbox.pass_time(60)
    pages, _ = pull(source, "deals", cursor)
    types = sides(pages, "deal_contacts")[name]["association_types"]
    assert {"category": "USER_DEFINED", "label": "Beslutningstager", "typeId": 36} in types


def test_an_archived_or_merged_parent_loses_its_associations(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "contacts")
    sandbox.pass_time(3600)
    gone, one, two = list(truth(sandbox, "contacts")["live"])[:3]
    change(sandbox, "DELETE", f"{OBJECTS}/contacts/{gone}")
    merge = {"primaryObjectId": one, "objectIdToMerge": two}
    merged = change(sandbox, "POST", f"{OBJECTS}/contacts/merge", merge).json()["id"]
    sandbox.pass_time(60)
    pages, _ = pull(source, "contacts", cursor)
    assert replaced(pages, "contact_companies") == {gone, one, two, merged}
    assert {name.split(":")[0] for name in sides(pages, "contact_companies")} <= {merged}


def test_a_pair_that_may_not_be_read_costs_its_objects_nothing(sandbox: Sandbox) -> None:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": ["quotes"]})
    source = sandbox.hubspot(SLUG)
    pages, _ = pull(source, "deals")
    assert len(sides(pages, "deal_contacts")) > 0
    assert any(":line_items/" in name for name in sides(pages, "associations"))
    assert list(source.lacking) == [("deals", "quotes")]
    live = {f"deals/{number}" for number in truth_without_quotes(sandbox)}
    assert not replaced(pages, "associations") & live, "what could not be read must not look gone"


def truth_without_quotes(sandbox: Sandbox) -> set[str]:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": []})
    return set(truth(sandbox, "deals")["live"])


def versions(pages: list[Page], number: str, name: str) -> list[str]:
    """The values that an object's payload tells of one property, newest first."""
    payload = next(r.payload for page in pages for r in page.records if r.object_id == number)
    return [version["value"] for version in orjson.loads(payload).get("propertiesWithHistory", {}).get(name, ())]


def test_every_version_of_a_tracked_property_is_told_with_its_object(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    pages, cursor = pull(source, "deals")
    deal = next(iter(truth(sandbox, "deals")["live"]))
    before = versions(pages, deal, "amount")
    assert before
    for amount in ("100.00", "250.00"):
        sandbox.pass_time(3600)
        change(sandbox, "PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"amount": amount}})
    sandbox.pass_time(60)
    pages, _ = pull(source, "deals", cursor)
    assert versions(pages, deal, "amount") == ["250.00", "100.00", *before]
    assert sides(pages, "property_history") == {}


def test_a_long_history_is_kept_beyond_what_the_vendor_goes_on_telling(sandbox: Sandbox) -> None:
    deal = next(iter(truth(sandbox, "deals")["live"]))
    for amount in range(25):
        sandbox.pass_time(60)
        change(sandbox, "PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"amount": str(amount)}})
    pages, _ = pull(sandbox.hubspot(SLUG), "deals")
    kept = [name for name in sides(pages, "property_history") if name.startswith(f"deals/{deal}:amount@")]
    assert len(kept) == len(versions(pages, deal, "amount")) >= 20
    assert f"deals/{deal}" not in replaced(pages, "property_history")


def test_an_object_without_history_drops_nothing_of_its_page(sandbox: Sandbox) -> None:
    bare = make(sandbox, "contacts", email="bare@example.test")
    pages, _ = pull(sandbox.hubspot(SLUG), "contacts")
    records = {record.object_id for page in pages for record in page.records if not record.deleted}
    assert records == set(truth(sandbox, "contacts")["live"])
    assert versions(pages, bare, "lifecyclestage") == []
    assert sum(bool(versions(pages, number, "lifecyclestage")) for number in records) > 350


def test_an_empty_later_read_asks_for_no_associations(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "deals")
    sandbox.pass_time(3600)
    empty_log(sandbox)
    pages, _ = pull(source, "deals", cursor)
    assert [page.sides for page in pages] == [(), ()]
    assert paths(sandbox) == [f"{OBJECTS}/deals/search", f"{OBJECTS}/deals"]
