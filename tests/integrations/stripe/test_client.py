"""Stripe: a first read is whole, later reads re-fetch what events name, and a long absence starts over."""

import orjson

from integrations.sandbox.identifiers import tenant_uuid
from integrations.sandbox.world import World
from integrations.source import Cursor, Record
from integrations.stripe.client import StripeSource
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _read(source: StripeSource, stream: str, cursor: Cursor | None = None) -> tuple[list[Record], Cursor]:
    records, last = [], cursor or {}
    for page in source.pages(stream, cursor):
        records += page.records
        last = page.cursor
    return records, last


def test_a_first_read_brings_canceled_subscriptions_and_minor_units(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["stripe_subscriptions"].filter(tenant_id=tenant_uuid(SLUG))
    records, cursor = _read(sandbox.stripe(SLUG), "subscriptions")
    assert {record.object_id for record in records} == set(mine["id"])
    assert cursor == {"phase": "events", "since": int(sandbox.seconds), "seen": []}
    payloads = {r.object_id: orjson.loads(r.payload) for r in records}
    amounts = {k: p["items"]["data"][0]["price"]["unit_amount"] for k, p in payloads.items()}
    assert amounts == dict(mine.select("id", "unit_amount").iter_rows())


def test_a_later_read_refetches_exactly_what_changed_once(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, customers = _read(source, "customers")
    _, charges = _read(source, "charges")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "stripe", created=2, changed=3, archived=1)
    sandbox.advance(SLUG, "stripe", created=0, changed=3, archived=0)
    sandbox.pass_time(5)
    records, customers = _read(source, "customers", customers)
    expected = {name.split("/")[1] for names in done.values() for name in names if name.startswith("customers/")}
    assert sorted(record.object_id for record in records) == sorted(expected)
    assert [f"customers/{r.object_id}" for r in records if r.deleted] == done["archived"]
    new, charges = _read(source, "charges", charges)
    assert {f"charges/{r.object_id}" for r in new} == {n for n in done["created"] if n.startswith("charges/")}
    sandbox.pass_time(30)
    for stream, cursor in (("customers", customers), ("charges", charges)):
        pages = list(source.pages(stream, cursor))
        assert [page.records for page in pages] == [[]]
        assert pages[0].requests == 1


def test_payloads_are_in_the_pinned_version_never_the_events(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = _read(source, "invoices")
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    sandbox.pass_time(5)
    records, _ = _read(source, "invoices", cursor)
    assert len(records) == 1
    assert "total_taxes" in orjson.loads(records[0].payload)
    event = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()["data"]
    payload = next(e["data"]["object"] for e in event if e["type"] == "invoice.paid")
    assert "total_taxes" not in payload


def test_events_of_the_same_second_as_the_bound_are_found_next_time(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = _read(source, "customers")
    sandbox.pass_time(3600)
    first = sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    early, cursor = _read(source, "customers", cursor)
    second = sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    sandbox.pass_time(10)
    late, _ = _read(source, "customers", cursor)
    assert {f"customers/{r.object_id}" for r in early} <= set(first["created"])
    assert [f"customers/{r.object_id}" for r in late] == [n for n in second["created"] if n.startswith("customers/")]


def test_many_changes_resume_after_each_page(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = _read(source, "customers")
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=230, changed=0, archived=0)
    sandbox.pass_time(5)
    pages = list(source.pages("customers", cursor))
    assert [len(page.records) for page in pages] == [100, 100, 30]
    resumed, last = _read(sandbox.stripe(SLUG), "customers", pages[0].cursor)
    assert [r.object_id for r in resumed] == [r.object_id for page in pages[1:] for r in page.records]
    assert last["since"] == pages[-1].cursor["since"]


def test_a_tenant_away_for_a_month_is_read_anew(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    first, cursor = _read(source, "products")
    sandbox.pass_time(40 * 86_400)
    again, fresh = _read(source, "products", cursor)
    assert {r.object_id for r in again} == {r.object_id for r in first}
    assert fresh["since"] == int(sandbox.seconds)
