"""Properties and the portal's own kinds: whatever is made, renamed or removed, no pull breaks and nothing is lost."""

import pytest

from integrations.hubspot.client import OBJECT_STREAMS
from tests.integrations.hubspot.reading import (
    OBJECTS,
    SLUG,
    change,
    empty_log,
    link,
    make,
    paths,
    payloads,
    pull,
    read,
    reasons,
    sides,
    truth,
)
from tests.integrations.running import Sandbox

PROPERTIES = "/crm/v3/properties"
SIX_HOURS = 6 * 3600


def _define(sandbox: Sandbox, kind: str, name: str) -> None:
    body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "g"}
    change(sandbox, "POST", f"{PROPERTIES}/{kind}", body)


def _own_kind(sandbox: Sandbox, name: str) -> str:
    labels = {"singular": name, "plural": name}
    body = {"name": name, "labels": labels, "properties": [{"name": "title"}], "associatedObjects": ["contacts"]}
    number: str = change(sandbox, "POST", "/crm-object-schemas/v3/schemas", body).json()["objectTypeId"]
    return number


def test_new_properties_arrive_without_being_asked_for(sandbox: Sandbox) -> None:
    made = make(sandbox, "contacts", email="x@example.test", favourite_cake="drømmekage")
    records, _ = read(sandbox.hubspot(SLUG), "contacts")
    assert payloads(records)[made]["properties"]["favourite_cake"] == "drømmekage"


def test_a_property_that_is_made_between_two_reads_of_one_source_arrives(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "contacts")
    sandbox.pass_time(3600)
    made = make(sandbox, "contacts", email="x@example.test", favourite_cake="drømmekage")
    sandbox.pass_time(600)
    records, _ = read(source, "contacts", cursor)
    assert payloads(records)[made]["properties"]["favourite_cake"] == "drømmekage"


def test_a_removed_property_breaks_no_pull(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "deals")
    deal = next(iter(truth(sandbox, "deals")["live"]))
    for name in ("dealname", "amount", "closedate"):
        change(sandbox, "DELETE", f"{PROPERTIES}/deals/{name}")
    change(sandbox, "PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"dealstage": "closedwon"}})
    sandbox.pass_time(60)
    records, cursor = read(source, "deals", cursor)
    assert "dealname" not in payloads(records)[deal]["properties"]
    held = truth(sandbox, "deals")
    assert len(read(sandbox.hubspot(SLUG), "deals")[0]) == len(held["live"]) + len(held["archived"])


def test_properties_that_are_made_renamed_and_removed_are_told(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    records, cursor = read(source, "properties")
    assert {name.split("/")[0] for name in payloads(records)} >= set(OBJECT_STREAMS)
    assert payloads(records)["contacts/email"]["label"] == "Email"
    again, cursor = read(source, "properties", cursor)
    assert again == []
    sandbox.pass_time(SIX_HOURS)
    _define(sandbox, "contacts", "favourite_cake")
    change(sandbox, "PATCH", f"{PROPERTIES}/contacts/email", {"label": "E-post"})
    change(sandbox, "DELETE", f"{PROPERTIES}/deals/amount")
    records, cursor = read(source, "properties", cursor)
    told = payloads(records)
    assert told["contacts/email"]["label"] == "E-post"
    assert "contacts/favourite_cake" in told
    assert {name for name, reason in reasons(records).items() if reason} == {"deals/amount"}
    assert reasons(records)["deals/amount"] == "archived"
    assert {record.object_id.split("/")[0] for record in records} == {"contacts", "deals"}
    assert read(source, "properties", cursor)[0] == []


def test_the_definitions_of_a_kind_are_read_when_its_objects_changed_or_were_last_read_long_ago(
    sandbox: Sandbox,
) -> None:
    first = sandbox.hubspot(SLUG)
    _, contacts = read(first, "contacts")
    _, cursor = read(first, "properties")
    sandbox.pass_time(3600)
    for kind in ("contacts", "deals"):
        _define(sandbox, kind, "favourite_cake")
    make(sandbox, "contacts", email="a@example.test")
    sandbox.pass_time(60)
    source = sandbox.hubspot(SLUG)
    read(source, "contacts", contacts)
    empty_log(sandbox)
    records, cursor = read(source, "properties", cursor)
    assert "contacts/favourite_cake" in payloads(records)
    assert {record.object_id.split("/")[0] for record in records} == {"contacts"}
    # of what changed it is asked what was removed; what there is was read for the object
    assert [path for path in paths(sandbox) if path.startswith(PROPERTIES)] == [f"{PROPERTIES}/contacts"]
    sandbox.pass_time(SIX_HOURS)
    assert "deals/favourite_cake" in payloads(read(sandbox.hubspot(SLUG), "properties", cursor)[0])


def test_a_property_that_comes_back_under_its_old_name_is_live(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "properties")
    change(sandbox, "DELETE", f"{PROPERTIES}/deals/amount")
    sandbox.pass_time(SIX_HOURS)
    _, cursor = read(source, "properties", cursor)
    _define(sandbox, "deals", "amount")
    sandbox.pass_time(SIX_HOURS)
    records, _ = read(source, "properties", cursor)
    assert reasons(records)["deals/amount"] is None


def test_names_are_read_once_for_all_streams_of_a_pull(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    for stream in ("properties", "contacts", "deals"):
        read(source, stream)
    assert paths(sandbox).count(f"{PROPERTIES}/contacts") == 1


def test_objects_of_the_portals_own_kinds_are_read_with_their_associations(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    (schema,), _ = read(source, "schemas")
    own = schema.object_id
    pages, cursor = pull(source, "custom_objects")
    told = payloads(record for page in pages for record in page.records)
    assert told.keys() == {f"{own}/{number}" for number in truth(sandbox, own)["live"]}
    assert all(item["objectTypeId"] == own and item["properties"]["address"] for item in told.values())
    assert len(sides(pages, "associations")) == 3
    assert all(name.startswith(f"{own}/") and ":contacts/" in name for name in sides(pages, "associations"))
    sandbox.pass_time(3600)
    one, gone = list(truth(sandbox, own)["live"])[:2]
    change(sandbox, "PATCH", f"{OBJECTS}/{own}/{one}", {"properties": {"panel_count": "99"}})
    change(sandbox, "DELETE", f"{OBJECTS}/{own}/{gone}")
    sandbox.pass_time(60)
    records, cursor = read(source, "custom_objects", cursor)
    assert reasons(records) == {f"{own}/{one}": None, f"{own}/{gone}": "archived"}
    assert source.count("custom_objects") == 2


def test_a_new_kind_appears_by_itself_and_a_removed_one_breaks_nothing(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    (old,), schemas = read(source, "schemas")
    _, cursor = read(source, "custom_objects")
    sandbox.pass_time(3600)
    own = _own_kind(sandbox, "boat")
    boats = [make(sandbox, own, title=f"Båd {number}") for number in range(3)]
    contact = next(iter(truth(sandbox, "contacts")["live"]))
    link(sandbox, own, boats[0], "contacts", contact)
    sandbox.pass_time(600)
    pages, cursor = pull(source, "custom_objects", cursor)
    records = [record for page in pages for record in page.records]
    assert {record.object_id for record in records} == {f"{own}/{boat}" for boat in boats}
    assert sides(pages, "associations").keys() == {f"{own}/{boats[0]}:contacts/{contact}"}
    change(sandbox, "DELETE", f"/crm-object-schemas/v3/schemas/{old.object_id}")
    sandbox.pass_time(3600)
    records, cursor = read(source, "custom_objects", cursor)
    assert records == []
    told, _ = read(source, "schemas", schemas)
    assert reasons(told) == {own: None, old.object_id: "vanished"}


def test_a_walk_through_several_kinds_resumes_after_any_page(sandbox: Sandbox) -> None:
    own = _own_kind(sandbox, "boat")
    for number in range(3):
        make(sandbox, own, title=f"Båd {number}")
    pages, _ = pull(sandbox.hubspot(SLUG), "custom_objects")
    whole = [record.object_id for page in pages for record in page.records]
    assert len(set(whole)) == len(whole) == 6
    for place, page in enumerate(pages[:-1]):
        rest, _ = read(sandbox.hubspot(SLUG), "custom_objects", page.cursor)
        assert [record.object_id for record in rest] == [
            record.object_id for later in pages[place + 1 :] for record in later.records
        ]


def test_a_portal_without_own_kinds_has_none(sandbox: Sandbox) -> None:
    source = sandbox.hubspot("kyst-logistik")
    assert read(source, "schemas")[0] == read(source, "custom_objects")[0] == []
    assert source.count("custom_objects") == 0


@pytest.mark.parametrize("denied", ["tickets", "schemas"])
def test_what_may_not_be_read_is_left_out_of_the_definitions(sandbox: Sandbox, denied: str) -> None:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": [denied]})
    source = sandbox.hubspot(SLUG)
    kinds = {name.split("/")[0] for name in payloads(read(source, "properties")[0])}
    assert "contacts" in kinds
    assert denied not in kinds
    labels = {name.split("/")[0] for name in payloads(read(source, "association_labels")[0])}
    assert "deals" in labels
    assert denied not in labels
