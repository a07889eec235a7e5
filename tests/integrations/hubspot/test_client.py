"""HubSpot: later reads find exactly what changed, was archived or merged; changes while paging lose nothing."""

import orjson

from integrations.hubspot.client import HubspotSource
from integrations.sandbox.world import World
from integrations.source import Cursor, Record
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
CONTACTS = "/crm/v3/objects/contacts"


def _read(source: HubspotSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    records, last = [], cursor or {}
    for page in source.pages(stream, cursor):
        records += page.records
        last = page.cursor
    return records, last


def test_a_first_read_brings_every_live_object(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["hubspot_contacts"].filter(tenant_id=world.operational["tenants"]["id"][0])
    records, cursor = _read(sandbox.hubspot(SLUG), "contacts")
    live = mine.filter(~mine["archived"])
    assert {record.object_id for record in records} == set(live["object_id"])
    assert cursor == {"phase": "changes", "since": int(sandbox.seconds * 1000)}
    emails = {record.object_id: orjson.loads(record.payload)["properties"].get("email") for record in records}
    assert emails == dict(live.select("object_id", "email").iter_rows())


def test_a_later_read_brings_exactly_what_changed(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = _read(source, "contacts")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "hubspot", created=3, changed=4, archived=2)
    sandbox.pass_time(600)
    records, cursor = _read(source, "contacts", cursor)
    expected = {name.split("/")[1] for names in done.values() for name in names if name.startswith("contacts/")}
    assert {record.object_id for record in records} == expected
    assert {r.object_id for r in records if r.deleted} == {name.split("/")[1] for name in done["archived"]}
    sandbox.pass_time(3600)
    records, cursor = _read(source, "contacts", cursor)
    assert records == []


def test_an_empty_later_read_costs_one_search_and_one_look_into_the_bin(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = _read(source, "deals")
    sandbox.pass_time(3600)
    pages = list(source.pages("deals", cursor))
    assert [page.records for page in pages] == [[], []]
    assert sum(page.requests for page in pages) == 2


def test_an_index_that_lags_less_than_the_overlap_loses_nothing(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG, overlap_seconds=60)
    _, cursor = _read(source, "contacts")
    assert sandbox.http.post("/_control/settings", json={"tenant": SLUG, "search_lag_seconds": 30}).status_code == 200
    sandbox.pass_time(600)
    done = sandbox.advance(SLUG, "hubspot", created=0, changed=3, archived=0)
    sandbox.pass_time(1)
    hidden, cursor = _read(source, "contacts", cursor)
    assert hidden == []
    sandbox.pass_time(40)
    found, _ = _read(source, "contacts", cursor)
    assert {f"contacts/{record.object_id}" for record in found} == set(done["changed"])


def test_changes_between_pages_lose_no_row(sandbox: Sandbox, world: World) -> None:
    source = sandbox.hubspot("fjord-software", overlap_seconds=0)
    _, cursor = _read(source, "contacts")
    sandbox.pass_time(60)
    everybody = sandbox.get("hubspot", "fjord-software", f"{CONTACTS}?limit=100").json()["results"]
    more = sandbox.get("hubspot", "fjord-software", f"{CONTACTS}?limit=100&after={everybody[-1]['id']}").json()[
        "results"
    ]
    touched = [item["id"] for item in everybody + more]
    sandbox.advance("fjord-software", "hubspot", created=0, changed=len(touched), archived=0)
    sandbox.pass_time(60)
    seen: set[str] = set()
    for number, page in enumerate(source.pages("contacts", cursor)):
        seen |= {record.object_id for record in page.records}
        cursor = page.cursor
        if number == 0:
            sandbox.advance("fjord-software", "hubspot", created=1, changed=3, archived=0)
    sandbox.pass_time(60)
    late, _ = _read(source, "contacts", cursor)
    seen |= {record.object_id for record in late}
    assert set(touched) <= seen


def test_more_than_ten_thousand_changes_are_all_found(world: World) -> None:
    with Sandbox(world) as sandbox:
        source = sandbox.hubspot("kyst-logistik")
        _, cursor = _read(source, "contacts")
        sandbox.pass_time(3600)
        done = sandbox.advance("kyst-logistik", "hubspot", created=10_300, changed=0, archived=0)
        sandbox.pass_time(60)
        records, _ = _read(source, "contacts", cursor)
        created = {name.split("/")[1] for name in done["created"] if name.startswith("contacts/")}
        assert {record.object_id for record in records} == created
        assert len(created) == 10_300


def test_merged_records_leave_tombstones(sandbox: Sandbox) -> None:
    source = sandbox.hubspot(SLUG)
    _, cursor = _read(source, "contacts")
    sandbox.pass_time(3600)
    one, two = (item["id"] for item in sandbox.get("hubspot", SLUG, f"{CONTACTS}?limit=2").json()["results"])
    merged = sandbox.post("hubspot", SLUG, f"{CONTACTS}/merge", {"primaryObjectId": one, "objectIdToMerge": two}).json()
    sandbox.pass_time(60)
    records, _ = _read(source, "contacts", cursor)
    assert {record.object_id: record.deleted for record in records} == {merged["id"]: False, one: True, two: True}


def test_new_properties_arrive_without_being_asked_for(sandbox: Sandbox) -> None:
    made = sandbox.post(
        "hubspot", SLUG, CONTACTS, {"properties": {"email": "x@example.test", "favourite_cake": "drømmekage"}}
    )
    records, _ = _read(sandbox.hubspot(SLUG), "contacts")
    payload = next(orjson.loads(r.payload) for r in records if r.object_id == made.json()["id"])
    assert payload["properties"]["favourite_cake"] == "drømmekage"


def test_associations_follow_their_parents(sandbox: Sandbox, world: World) -> None:
    source = sandbox.hubspot(SLUG)
    records, cursor = _read(source, "deal_contacts")
    deals = world.vendors["hubspot_deals"].filter(tenant_id=world.operational["tenants"]["id"][0])
    archived = set(deals.filter(deals["archived"])["object_id"])
    gone = world.vendors["hubspot_contacts"].filter(tenant_id=world.operational["tenants"]["id"][0])
    hidden = set(gone.filter(gone["archived"])["object_id"])
    pairs = {
        f"{deal}:{contact}"
        for deal, contact in deals.select("object_id", "contact_ref").drop_nulls().iter_rows()
        if deal not in archived and contact not in hidden
    }
    assert {record.object_id for record in records} == pairs
    deal, contact = sorted(pairs)[0].split(":")
    sandbox.pass_time(3600)
    body = {"inputs": [{"from": {"id": deal}, "to": [{"id": contact}]}]}
    sandbox.post("hubspot", SLUG, "/crm/v4/associations/deals/contacts/batch/archive", body)
    sandbox.pass_time(60)
    pages = list(source.pages("deal_contacts", cursor))
    assert [record for page in pages for record in page.records] == []
    assert [parent for page in pages for parent in page.replaces] == [deal]
