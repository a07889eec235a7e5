"""Stripe: a first read is whole, later reads re-fetch what events name, and a long absence starts over."""

import orjson
import pytest

from integrations.sandbox.identifiers import tenant_uuid
from integrations.sandbox.world import World
from integrations.stripe.client import StripeSource
from tests.integrations.running import Sandbox
from tests.integrations.stripe.reading import SLUG, Kept, read


def test_a_first_read_brings_canceled_subscriptions_and_minor_units(sandbox: Sandbox, world: World) -> None:
    mine = world.vendors["stripe_subscriptions"].filter(tenant_id=tenant_uuid(SLUG))
    records, cursor = read(sandbox.stripe(SLUG), "subscriptions")
    assert {record.object_id for record in records} == set(mine["id"])
    assert cursor == {"phase": "events", "since": int(sandbox.seconds), "seen": []}
    payloads = {r.object_id: orjson.loads(r.payload) for r in records}
    amounts = {k: p["items"]["data"][0]["price"]["unit_amount"] for k, p in payloads.items()}
    assert amounts == dict(mine.select("id", "unit_amount").iter_rows())


def test_the_cursors_of_a_read_from_the_beginning_say_so_until_it_ends(sandbox: Sandbox) -> None:
    sandbox.advance(SLUG, "stripe", created=130, changed=0, archived=0)
    pages = list(sandbox.stripe(SLUG).pages("charges", None))
    assert len(pages) > 1
    assert all(page.cursor["full"] is True for page in pages[:-1])
    assert "full" not in pages[-1].cursor


def test_every_stream_that_the_sandbox_sells_is_read_and_nothing_is_empty(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(SLUG))
    wanted = {*StripeSource.streams, *(side for sides in StripeSource.sides.values() for side in sides)}
    assert {stream for stream, rows in kept.rows.items() if rows} == wanted


def test_a_later_read_refetches_exactly_what_changed_once(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, customers = read(source, "customers")
    _, charges = read(source, "charges")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "stripe", created=2, changed=3, archived=1)
    sandbox.advance(SLUG, "stripe", created=0, changed=3, archived=0)
    sandbox.pass_time(5)
    records, customers = read(source, "customers", customers)
    expected = {name.split("/")[1] for names in done.values() for name in names if name.startswith("customers/")}
    assert sorted(record.object_id for record in records) == sorted(expected)
    assert [f"customers/{r.object_id}" for r in records if r.deleted] == done["archived"]
    assert {record.reason for record in records} == {None, "deleted"}
    new, charges = read(source, "charges", charges)
    assert {f"charges/{r.object_id}" for r in new} == {n for n in done["created"] if n.startswith("charges/")}
    sandbox.pass_time(30)
    for stream, cursor in (("customers", customers), ("charges", charges)):
        assert [page.records for page in source.pages(stream, cursor)] == [[]]


def test_payloads_are_in_the_pinned_version_never_the_events(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = read(source, "invoices")
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    sandbox.pass_time(5)
    records, _ = read(source, "invoices", cursor)
    assert len(records) == 1
    assert "total_taxes" in orjson.loads(records[0].payload)
    event = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()["data"]
    payload = next(e["data"]["object"] for e in event if e["type"] == "invoice.paid")
    assert "total_taxes" not in payload


def test_many_changes_are_listed_by_their_creation_and_resume_after_each_page(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = read(source, "customers")
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=230, changed=0, archived=0)
    sandbox.pass_time(5)
    before = len(sandbox.requests(vendor="stripe"))
    pages = list(source.pages("customers", cursor))
    asked = [entry["path"] for entry in sandbox.requests(vendor="stripe")[before:]]
    assert asked.count("/v1/customers") == 3
    assert all(path in ("/v1/customers", "/v1/events", "/v1/account") for path in asked)
    assert [len(page.records) for page in pages] == [100, 100, 30]
    resumed, last = read(sandbox.stripe(SLUG), "customers", pages[0].cursor)
    assert [r.object_id for r in resumed] == [r.object_id for page in pages[1:] for r in page.records]
    assert last["since"] == pages[-1].cursor["since"]


def test_changed_objects_are_read_one_by_one_and_resume_after_each_page(sandbox: Sandbox) -> None:
    sandbox.advance(SLUG, "stripe", created=230, changed=0, archived=0)
    source = sandbox.stripe(SLUG)
    sandbox.pass_time(3600)
    _, cursor = read(source, "customers")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "stripe", created=0, changed=120, archived=110)
    sandbox.pass_time(5)
    pages = list(source.pages("customers", cursor))
    assert [len(page.records) for page in pages] == [100, 100, 30]
    told = [r for page in pages for r in page.records]
    assert {f"customers/{r.object_id}" for r in told if r.deleted} == set(done["archived"])
    resumed, _ = read(sandbox.stripe(SLUG), "customers", pages[0].cursor)
    assert [r.payload for r in resumed] == [r.payload for page in pages[1:] for r in page.records]


def test_a_window_that_was_broken_off_is_ended_first_and_then_the_time_since(sandbox: Sandbox) -> None:
    sandbox.advance(SLUG, "stripe", created=150, changed=0, archived=0)
    sandbox.pass_time(3600)
    source, kept = sandbox.stripe(SLUG), Kept()
    kept.pull(source)
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=0, changed=150, archived=0)
    sandbox.pass_time(5)
    first = next(iter(source.pages("customers", kept.cursors["customers"])))
    kept.fold("customers", first)
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=1, changed=20, archived=3)
    sandbox.pass_time(5)
    later = sandbox.stripe(SLUG)
    for page in later.pages("customers", kept.cursors["customers"]):
        kept.fold("customers", page)
    fresh, _ = read(sandbox.stripe(SLUG), "customers")
    assert kept.rows["customers"] == {r.object_id: r.payload for r in fresh}


def test_a_tenant_away_for_a_month_is_read_anew(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    first, cursor = read(source, "products")
    sandbox.pass_time(40 * 86_400)
    again, fresh = read(source, "products", cursor)
    assert {r.object_id for r in again} == {r.object_id for r in first}
    assert fresh["since"] == int(sandbox.seconds)
    # a beginning that was broken off for a month begins anew as well
    sandbox.advance(SLUG, "stripe", created=250, changed=0, archived=0)
    broken = next(iter(source.pages("customers", None))).cursor
    sandbox.pass_time(40 * 86_400)
    assert len(read(source, "customers", broken)[0]) == len(read(source, "customers")[0])


def test_the_ledger_needs_no_events_and_so_no_new_beginning(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    everything, cursor = read(source, "balance_transactions")
    sandbox.pass_time(40 * 86_400)
    sandbox.advance(SLUG, "stripe", created=2, changed=0, archived=0)
    sandbox.pass_time(5)
    pages = list(source.pages("balance_transactions", cursor))
    assert 2 <= sum(len(page.records) for page in pages) < len(everything)
    assert not any("full" in page.cursor for page in pages)


def test_a_pending_transaction_becomes_available_without_an_event(sandbox: Sandbox) -> None:
    source, kept = sandbox.stripe(SLUG), Kept()
    sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    sandbox.pass_time(5)
    kept.pull(source)
    pending = [one["id"] for one in kept.payloads("balance_transactions").values() if one["status"] == "pending"]
    assert pending
    sandbox.pass_time(7 * 86_400)
    kept.pull(source)
    assert {kept.payloads("balance_transactions")[name]["status"] for name in pending} == {"available"}


def test_a_checkout_is_found_when_it_opens_and_when_it_ends(sandbox: Sandbox) -> None:
    source, kept = sandbox.stripe(SLUG), Kept()
    kept.pull(source)
    for _ in range(12):
        sandbox.pass_time(1000)
        sandbox.advance(SLUG, "stripe", created=0, changed=0, archived=0, rounds=60)
    sandbox.pass_time(5)
    kept.pull(source)
    fresh = {r.object_id: r.payload for r in read(sandbox.stripe(SLUG), "checkout_sessions")[0]}
    assert kept.rows["checkout_sessions"] == fresh
    assert len({one["status"] for one in kept.payloads("checkout_sessions").values()}) == 3


def test_hinted_objects_are_read_as_they_are_now(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    first = read(source, "customers")[0]
    done = sandbox.advance(SLUG, "stripe", created=0, changed=1, archived=1)
    changed, gone = (done[how][0].split("/")[1] for how in ("changed", "archived"))
    (page,) = source.fetch("customers", [changed, gone, "cus_unknown", changed])
    assert [(r.object_id, r.deleted) for r in page.records] == [(changed, False), (gone, True), ("cus_unknown", True)]
    assert next(r.payload for r in first if r.object_id == changed) != page.records[0].payload
    assert {side.stream for side in page.sides} == {"discounts", "tax_ids"}
    assert all(set(side.replaces) == {changed, gone, "cus_unknown"} for side in page.sides)
    for stream in ("tax_ids", "events", "unicorns"):
        with pytest.raises(ValueError, match=r"stripe|event"):
            source.fetch(stream, ["x"])


def test_what_lies_inside_is_whole_and_told_under_its_parent(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(SLUG))
    for stream, name in (("subscriptions", "items"), ("invoices", "lines"), ("customers", "tax_ids")):
        longest = max(kept.payloads(stream).values(), key=lambda one, name=name: len(one[name]["data"]))
        assert len(longest[name]["data"]) >= 12
        assert longest[name]["has_more"] is False
        assert len({child["id"] for child in longest[name]["data"]}) == len(longest[name]["data"])
    items = kept.payloads("subscription_items")
    assert {f"{item['subscription']}:{item['id']}" for item in items.values()} == set(items)
    assert {f"{one['customer']}:{one['id']}" for one in kept.payloads("tax_ids").values()} == set(kept.rows["tax_ids"])
    owners = {name.split(":")[0][:4] for name in kept.rows["discounts"]}
    assert owners == {"cus_", "sub_"}


def test_a_deleted_customer_takes_what_lies_inside_along(sandbox: Sandbox) -> None:
    source, kept = sandbox.stripe(SLUG), Kept()
    kept.pull(source)
    owner = next(iter(kept.rows["tax_ids"])).split(":")[0]
    sandbox.pass_time(60)
    sandbox.http.request(
        "DELETE", f"/stripe/v1/customers/{owner}", headers={"Authorization": f"Bearer sandbox-stripe-{SLUG}"}
    )
    sandbox.pass_time(5)
    kept.pull(source)
    assert owner in kept.gone["customers"]
    assert not any(name.startswith(f"{owner}:") for name in (*kept.rows["tax_ids"], *kept.rows["discounts"]))


def test_fractions_and_currencies_without_minor_units_stay_as_stripe_writes_them(sandbox: Sandbox) -> None:
    records, _ = read(sandbox.stripe(SLUG), "prices")
    payloads = [orjson.loads(r.payload) for r in records]
    assert ("eur", None, "0.05") in {(p["currency"], p["unit_amount"], p["unit_amount_decimal"]) for p in payloads}
    assert ("jpy", 5000, "5000") in {(p["currency"], p["unit_amount"], p["unit_amount_decimal"]) for p in payloads}


def test_pages_name_the_fields_that_came(sandbox: Sandbox) -> None:
    (page,) = sandbox.stripe(SLUG).pages("coupons", None)
    assert {"id", "percent_off", "amount_off", "created"} <= page.fields
