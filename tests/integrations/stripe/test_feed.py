"""Stripe's events: read once for all streams, mapped to what they change, kept as they came."""

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import stripe

from integrations.stripe.client import StripeSource
from integrations.stripe.feed import SUBJECTS, UNRELATED, Feed, is_unknown, subjects_of
from tests.integrations.running import Sandbox
from tests.integrations.stripe.reading import SLUG, Kept, read
from tests.paths import shared

# The kind of object that each family of event types carries, longest family first.
CARRIED = {
    "customer.subscription": "subscription", "customer.discount": "discount", "customer.tax_id": "tax_id",
    "customer.source": "card", "customer": "customer", "product": "product", "price": "price", "plan": "plan",
    "coupon": "coupon", "promotion_code": "promotion_code", "subscription_schedule": "subscription_schedule",
    "invoice": "invoice", "invoice_payment": "invoice_payment", "invoiceitem": "invoiceitem",
    "credit_note": "credit_note", "payment_intent": "payment_intent", "charge.dispute": "dispute",
    "charge.refund": "refund", "charge": "charge", "refund": "refund", "review": "review", "payout": "payout",
    "checkout.session": "checkout.session",
}  # fmt: skip
STREAM = {
    "subscription": "subscriptions", "discount": "customers", "tax_id": "customers", "card": "customers",
    "invoice_payment": "invoices", "invoiceitem": "invoices", "review": "charges",
    "checkout.session": "checkout_sessions",
}  # fmt: skip


def _published() -> list[str]:
    """Every type of event that the contract and the SDK know."""
    contract = json.loads(shared("contracts/stripe/stripe-v1.trimmed.openapi.json").read_text())
    body = contract["paths"]["/v1/webhook_endpoints"]["post"]["requestBody"]["content"]
    schema = body["application/x-www-form-urlencoded"]["schema"]
    known = set(schema["properties"]["enabled_events"]["items"]["enum"]) - {"*"}
    source = Path(stripe.__file__).parent / "params" / "_webhook_endpoint_create_params.py"
    return sorted(known | set(re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"', source.read_text())))


def _event(kind: str, carried: str, **fields: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "created": 100, "data": {"object": {"object": carried, **fields}}}


def _family(kind: str) -> str | None:
    return next((CARRIED[name] for name in sorted(CARRIED, key=len, reverse=True) if kind.startswith(f"{name}.")), None)


def test_every_published_type_of_event_is_mapped_or_known_to_change_nothing() -> None:
    types = _published()
    assert len(types) > 270
    related = 0
    for kind in types:
        carried = _family(kind)
        if carried is None:
            assert kind.split(".")[0] in UNRELATED, kind
            continue
        related += 1
        owners = ("customer", "subscription", "invoice", "charge", "coupon", "payment_intent", "promotion_code")
        event = _event(kind, carried, id="x_1", **{name: f"{name}_1" for name in owners if name != carried})
        streams = [stream for stream, _ in subjects_of(event)]
        assert not is_unknown(event)
        if kind != "invoice.upcoming":
            assert STREAM.get(carried, f"{carried}s") in streams, kind
    assert related > 90
    assert not set(SUBJECTS) & UNRELATED - {"source"}


@pytest.mark.parametrize(
    ("carried", "fields", "changed"),
    [
        ("dispute", {"id": "dp_1", "charge": "ch_1"}, [("disputes", "dp_1"), ("charges", "ch_1")]),
        ("refund", {"id": "re_1", "charge": {"id": "ch_1"}}, [("refunds", "re_1"), ("charges", "ch_1")]),
        ("credit_note", {"id": "cn_1", "invoice": "in_1"}, [("credit_notes", "cn_1"), ("invoices", "in_1")]),
        ("invoiceitem", {"id": "ii_1", "invoice": None}, []),
        (
            "discount", {"id": "di_1", "customer": "cus_1", "subscription": None, "coupon": {"id": "TEN"}},
            [("customers", "cus_1"), ("coupons", "TEN")],
        ),
        (
            "discount", {"id": "di_1", "customer": "cus_1", "source": {"coupon": "TEN"}, "promotion_code": "promo_1"},
            [("customers", "cus_1"), ("coupons", "TEN"), ("promotion_codes", "promo_1")],
        ),
    ],
)  # fmt: skip
def test_an_event_also_names_what_it_changes_besides(carried: str, fields: dict[str, Any], changed: list[Any]) -> None:
    assert subjects_of(_event("any.thing", carried, **fields)) == changed


def test_an_upcoming_invoice_is_no_object() -> None:
    assert subjects_of(_event("invoice.upcoming", "invoice", id="upcoming_in_1")) == []


def test_events_are_coalesced_to_the_last_one_of_each_object_and_seen_ones_are_left_out() -> None:
    window = Feed(lambda low, until: iter(()), 10).open(100, 200)
    for name, at, kind in (("e1", 105, "updated"), ("e2", 150, "updated"), ("e3", 160, "deleted"), ("e4", 195, "x")):
        event = _event(f"customer.{kind}", "customer", id="cus_1" if at < 190 else "cus_2", created=at)
        window.take({**event, "id": name, "created": at})
    changed = window.changed("customers", 100, {"e1"})
    assert {name: (one.at, one.is_gone) for name, one in changed.items()} == {
        "cus_1": (160, True),
        "cus_2": (195, False),
    }
    assert window.changed("customers", 170, set()).keys() == {"cus_2"}
    assert window.recent("customers") == ["e4"]
    assert window.changed("charges", 100, set()) == {}


def test_a_pull_with_nothing_new_costs_one_request_of_events_and_two_of_lists(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(SLUG))
    sandbox.pass_time(3600)
    before = len(sandbox.requests(vendor="stripe"))
    kept.pull(sandbox.stripe(SLUG))
    asked = [entry["path"] for entry in sandbox.requests(vendor="stripe")[before:]]
    assert asked == ["/v1/events", "/v1/balance_transactions", "/v1/checkout/sessions"]


def test_a_first_read_of_a_small_account_costs_no_request_too_many(sandbox: Sandbox) -> None:
    source, kept = sandbox.stripe("lille-bageri"), Kept()
    kept.pull(source)
    asked = [entry["path"] for entry in sandbox.requests(vendor="stripe")]
    nested = [path for path in asked if path.count("/") > 2 or "items" in path]
    assert len(asked) - len([path for path in nested if path != "/v1/checkout/sessions"]) == len(source.streams)


def test_the_events_are_kept_as_they_came_from_the_same_requests(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(SLUG))
    sandbox.pass_time(3600)
    sandbox.advance(SLUG, "stripe", created=2, changed=2, archived=1)
    sandbox.pass_time(5)
    kept.pull(sandbox.stripe(SLUG))
    told = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()["data"]
    assert len(told) > 20
    stored = kept.payloads("events")
    assert all(stored[event["id"]] == event for event in told)
    assert {event["api_version"] for event in told} == {"2023-08-16"}


def test_an_event_is_told_once_although_windows_overlap(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = read(source, "events")
    sandbox.pass_time(1000)
    sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    first, cursor = read(source, "events", cursor)
    sandbox.pass_time(10)
    sandbox.advance(SLUG, "stripe", created=0, changed=1, archived=0)
    second, _ = read(source, "events", cursor)
    assert len(first) > 1
    assert [orjson.loads(r.payload)["type"] for r in second] == ["customer.updated"]


def test_events_of_the_same_second_as_the_bound_are_found_next_time(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = read(source, "customers")
    sandbox.pass_time(3600)
    first = sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    early, cursor = read(source, "customers", cursor)
    second = sandbox.advance(SLUG, "stripe", created=1, changed=0, archived=0)
    sandbox.pass_time(10)
    late, _ = read(source, "customers", cursor)
    assert {f"customers/{r.object_id}" for r in early} <= set(first["created"])
    assert [f"customers/{r.object_id}" for r in late] == [n for n in second["created"] if n.startswith("customers/")]


def test_a_type_that_nobody_knows_is_kept_and_counted(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.pull(sandbox.stripe(SLUG))
    types: set[str] = set()
    for _ in range(20):
        sandbox.pass_time(2000)
        sandbox.advance(SLUG, "stripe", created=0, changed=0, archived=0, rounds=30)
        source = sandbox.stripe(SLUG)
        kept.pull(source)
        types |= set(source.unknown_events)
        if types:
            break
    assert types == {"future_thing.happened"}
    assert "future_thing.happened" in {event["type"] for event in kept.payloads("events").values()}


def test_a_stream_that_is_further_behind_reads_only_what_the_others_did_not(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, behind = read(source, "customers")
    sandbox.pass_time(40_000)
    done = sandbox.advance(SLUG, "stripe", created=0, changed=3, archived=0)
    sandbox.pass_time(40_000)
    _, ahead = read(source, "charges")
    sandbox.pass_time(3600)
    later = sandbox.stripe(SLUG)
    read(later, "charges", ahead)
    before = len(sandbox.requests(vendor="stripe"))
    records, _ = read(later, "customers", behind)
    assert {f"customers/{r.object_id}" for r in records} >= set(done["changed"])
    asked = [entry["query"] for entry in sandbox.requests(vendor="stripe")[before:] if entry["path"] == "/v1/events"]
    assert len(asked) == 1
    assert f"created[lte]={ahead['since'] - 900 - 1}" in asked[0].replace("%5B", "[").replace("%5D", "]")


def test_a_read_of_the_events_that_fails_half_way_is_not_taken_for_whole(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG)
    _, cursor = read(source, "customers")
    sandbox.pass_time(3600)
    done = sandbox.advance(SLUG, "stripe", created=0, changed=20, archived=0, rounds=150)
    sandbox.pass_time(5)
    sandbox.fault(kind="status", status=400, vendor="stripe", path="/v1/events", nth=2)
    with pytest.raises(Exception, match="400"):
        read(source, "customers", cursor)
    records, _ = read(source, "customers", cursor)
    wanted = {name.split("/")[1] for name in done["changed"] if name.startswith("customers/")}
    assert {r.object_id for r in records} >= wanted


def test_streams_of_the_source_are_those_that_events_may_change() -> None:
    fed = {stream for links in SUBJECTS.values() for stream, _ in links}
    assert fed == set(StripeSource.streams) - {"events", "balance_transactions"}
