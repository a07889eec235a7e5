"""Walks of objects: everything once, then exactly what changed, was archived or merged; nothing is lost on the way."""

import pytest

from integrations.hubspot.client import OBJECT_STREAMS
from integrations.sandbox.world import World
from tests.integrations.hubspot.reading import OBJECTS, SLUG, change, make, paths, payloads, pull, read, reasons, truth
from tests.integrations.running import Sandbox

CONTACTS = f"{OBJECTS}/contacts"


@pytest.mark.parametrize("kind", OBJECT_STREAMS)
def test_a_first_read_brings_every_live_object_as_it_is(sandbox: Sandbox, kind: str) -> None:
    records, cursor = read(sandbox.hubspot(SLUG), kind)
    held = truth(sandbox, kind)
    told = payloads(records)
    assert told.keys() == held["live"].keys()
    assert len(told) > 0
    assert {name: item["properties"] for name, item in told.items()} == {
        name: item["properties"] for name, item in held["live"].items()
    }
    assert {record.object_id for record in records if record.deleted} == set(held["archived"])
    assert cursor == {"phase": "changes", "since": int(sandbox.seconds * 1000)}


@pytest.mark.parametrize("kind", OBJECT_STREAMS)
def test_a_later_read_of_any_kind_brings_what_was_made_changed_and_archived(sandbox: Sandbox, kind: str) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, kind)
    sandbox.pass_time(3600)
    old, gone = list(truth(sandbox, kind)["live"])[:2]
    new = make(sandbox, kind, hs_timestamp="2026-11-01T00:00:00Z")
    change(sandbox, "PATCH", f"{OBJECTS}/{kind}/{old}", {"properties": {"hubspot_owner_id": "7"}})
    change(sandbox, "DELETE", f"{OBJECTS}/{kind}/{gone}")
    sandbox.pass_time(600)
    records, _ = read(source, kind, cursor)
    assert reasons(records) == {new: None, old: None, gone: "archived"}
    assert payloads(records)[old]["properties"]["hubspot_owner_id"] == "7"


def test_a_later_read_brings_exactly_what_changed(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "contacts")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "hubspot", created=3, changed=4, archived=2)
    sandbox.pass_time(600)
    records, cursor = read(source, "contacts", cursor)
    expected = {name.split("/")[1] for names in done.values() for name in names if name.startswith("contacts/")}
    assert {record.object_id for record in records} == expected
    assert {r.object_id for r in records if r.deleted} == {name.split("/")[1] for name in done["archived"]}
    sandbox.pass_time(3600)
    records, cursor = read(source, "contacts", cursor)
    assert records == []


def test_an_empty_later_read_of_everything_costs_the_minimum(sandbox: Sandbox) -> None:
    first = sandbox.hubspot(SLUG)
    cursors = {stream: read(first, stream)[1] for stream in first.streams}
    sandbox.pass_time(3600)
    source = sandbox.hubspot(SLUG)
    spent = {}
    for stream in source.streams:
        pages = list(source.pages(stream, cursors[stream]))
        spent[stream] = sum(page.requests for page in pages)
    assert spent == {
        "schemas": 1,
        "properties": 0,
        **dict.fromkeys(OBJECT_STREAMS, 2),
        "custom_objects": 2,
        "pipelines": 2,
        "owners": 2,
        "lists": 1,
        "forms": 1,
        "form_submissions": 2,  # one for each form; the forms were read for their own stream
        "association_labels": 0,
    }


def test_the_number_of_objects_to_come_is_told(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    pages, cursor = pull(source, "deals")
    assert pages[0].expected == len(truth(sandbox, "deals")["live"]) == source.count("deals")
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "hubspot", created=4, changed=0, archived=0)
    sandbox.pass_time(600)
    pages, _ = pull(source, "deals", cursor)
    assert pages[0].expected == 4


def test_a_page_names_the_fields_that_it_met(sandbox: Sandbox) -> None:
    make(sandbox, "products", name="Kage", cake_colour="lyserød")
    pages, _ = pull(sandbox.hubspot(SLUG), "products")
    assert {"id", "properties.name", "properties.cake_colour"} <= pages[0].fields


def test_an_index_that_lags_less_than_the_overlap_loses_nothing(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG, overlap_seconds=60)
    _, cursor = read(source, "contacts")
    assert sandbox.http.post("/_control/settings", json={"tenant": SLUG, "search_lag_seconds": 30}).status_code == 200
    sandbox.pass_time(600)
    done = sandbox.advance(SLUG, "hubspot", created=0, changed=3, archived=0)
    sandbox.pass_time(1)
    hidden, cursor = read(source, "contacts", cursor)
    assert hidden == []
    sandbox.pass_time(40)
    found, _ = read(source, "contacts", cursor)
    assert {f"contacts/{record.object_id}" for record in found} == set(done["changed"])


def test_changes_between_pages_lose_no_row(sandbox: Sandbox) -> None:
    slug = "fjord-software"
    source = sandbox.hubspot(slug, overlap_seconds=0)
    _, cursor = read(source, "emails")
    sandbox.pass_time(60)
    made = [make(sandbox, "emails", slug, hs_email_subject=f"Nr. {number}") for number in range(230)]
    sandbox.pass_time(60)
    seen: set[str] = set()
    for number, page in enumerate(source.pages("emails", cursor)):
        seen |= {record.object_id for record in page.records}
        cursor = page.cursor
        if number == 0:
            change(sandbox, "PATCH", f"{OBJECTS}/emails/{made[-1]}", {"properties": {"hs_email_subject": "Ny"}}, slug)
            change(sandbox, "PATCH", f"{OBJECTS}/emails/{made[0]}", {"properties": {"hs_email_subject": "Ny"}}, slug)
    sandbox.pass_time(60)
    late, _ = read(source, "emails", cursor)
    seen |= {record.object_id for record in late}
    assert set(made) <= seen
    assert payloads(late)[made[0]]["properties"]["hs_email_subject"] == "Ny"


def test_more_than_ten_thousand_changes_are_all_found(world: World) -> None:
    with Sandbox(world) as sandbox:
        source = sandbox.hubspot("kyst-logistik")
        _, cursor = read(source, "contacts")
        sandbox.pass_time(3600)
        done = sandbox.advance("kyst-logistik", "hubspot", created=10_300, changed=0, archived=0)
        sandbox.pass_time(60)
        pages, _ = pull(source, "contacts", cursor)
        created = {name.split("/")[1] for name in done["created"] if name.startswith("contacts/")}
        assert {record.object_id for page in pages for record in page.records} == created
        assert len(created) == 10_300
        assert max(len(page.records) for page in pages) <= 1_000, "no page grows with the number of objects"


@pytest.mark.parametrize("kind", ["contacts", "companies", "tickets"])
def test_merged_records_leave_tombstones_that_say_so(sandbox: Sandbox, kind: str) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, kind)
    sandbox.pass_time(3600)
    one, two, three = list(truth(sandbox, kind)["live"])[:3]
    body = {"primaryObjectId": one, "objectIdToMerge": two}
    merged = change(sandbox, "POST", f"{OBJECTS}/{kind}/merge", body).json()["id"]
    last = change(
        sandbox, "POST", f"{OBJECTS}/{kind}/merge", {"primaryObjectId": merged, "objectIdToMerge": three}
    ).json()["id"]
    sandbox.pass_time(60)
    records, _ = read(source, kind, cursor)
    gone = dict.fromkeys((one, two, three, merged), "merged")
    assert reasons(records) == {last: None, **gone}


def test_an_object_that_was_erased_under_data_protection_law_says_so(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = read(source, "notes")
    sandbox.pass_time(3600)
    note = next(iter(truth(sandbox, "notes")["live"]))
    change(sandbox, "PATCH", f"{OBJECTS}/notes/{note}", {"properties": {"hs_gdpr_deleted": "true", "hs_note_body": ""}})
    sandbox.pass_time(60)
    (record,), _ = read(source, "notes", cursor)
    assert (record.object_id, record.deleted, record.reason) == (note, True, "erased")
    assert b"Note" not in record.payload


def test_a_full_read_says_why_an_archived_object_is_gone(sandbox: Sandbox) -> None:
    gone = next(iter(truth(sandbox, "deals")["live"]))
    change(sandbox, "DELETE", f"{OBJECTS}/deals/{gone}")
    records, _ = read(sandbox.hubspot(SLUG), "deals")
    assert reasons(records)[gone] == "archived"


def test_a_backfill_costs_no_request_per_object(sandbox: Sandbox) -> None:
    pages, _ = pull(sandbox.hubspot(SLUG), "contacts")
    asked = paths(sandbox)
    assert len(payloads(record for page in pages for record in page.records)) > 350
    assert asked.count(CONTACTS) == 8 + 1  # fifty a page, as they come with histories; and the recycle bin
    assert asked.count("/crm/v4/associations/contacts/companies/batch/read") == 1


def test_names_that_do_not_fit_into_an_address_are_read_by_batches(sandbox: Sandbox) -> None:
    names = [f"et_meget_langt_navn_paa_en_egenskab_{number:04d}" for number in range(500)]
    late = make(sandbox, "companies", name="Sidst", **{names[-1]: "ja", names[0]: "nej"})
    make(sandbox, "contacts", email="x@example.test", **{names[-1]: "ja"})
    for name in names:
        if name not in (names[0], names[-1]):
            body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "g"}
            change(sandbox, "POST", "/crm/v3/properties/companies", body)
            change(sandbox, "POST", "/crm/v3/properties/contacts", body)
    for kind in ("companies", "contacts"):
        records, _ = read(sandbox.hubspot(SLUG), kind)
        held = truth(sandbox, kind)["live"]
        assert {name: item["properties"] for name, item in payloads(records).items()} == {
            name: item["properties"] for name, item in held.items()
        }
    assert held != {}
    assert f"{OBJECTS}/companies/batch/read" in paths(sandbox)
    assert late in truth(sandbox, "companies")["live"]
    assert max(len(entry["query"]) for entry in sandbox.requests(vendor="hubspot")) < 13_000
