"""The simulated Stripe account: its ledger adds up, its events tell what happened, its past does not change."""

from random import Random
from typing import Any

import pytest

from integrations.sandbox.identifiers import tenant_uuid
from integrations.sandbox.stripe_history import draw_shelves
from integrations.sandbox.stripe_life import Life
from integrations.sandbox.stripe_shelf import KINDS
from integrations.sandbox.stripe_store import StripeStore
from integrations.sandbox.world import World
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _store(world: World, slug: str = SLUG) -> StripeStore:
    own = tenant_uuid(slug)
    frames = {name: frame.filter(tenant_id=own) for name, frame in world.vendors.items() if name.startswith("stripe_")}
    return StripeStore("acct_1", "nordlys", frames, lambda: world.as_of.timestamp() + 3600)


def test_the_same_frames_give_the_same_account_and_ids_are_unique(world: World) -> None:
    own = tenant_uuid(SLUG)
    frames = {name: frame.filter(tenant_id=own) for name, frame in world.vendors.items() if name.startswith("stripe_")}
    one, two = draw_shelves(frames, "nordlys"), draw_shelves(frames, "nordlys")
    assert {kind: shelf.rows for kind, shelf in one.items()} == {kind: shelf.rows for kind, shelf in two.items()}
    assert one.keys() == set(KINDS)
    for kind, shelf in one.items():
        assert len(shelf.position) == len(shelf.rows) > 0, kind
        assert shelf.created == sorted(shelf.created)


def test_what_was_paid_out_was_available_before(world: World) -> None:
    store = _store(world)
    entries = store.shelves["balance_transactions"].rows
    held: dict[str, int] = {}
    for _, _, currency, net in sorted(
        (e["available_on"], -e["amount"], e["currency"], e["amount"] - e["fee"]) for e in entries
    ):
        held[currency] = held.get(currency, 0) + net
    assert held == {currency: free + bound for currency, (free, bound) in store.balance().items()}
    assert {entry["type"] for entry in entries} == {"charge", "refund", "adjustment", "payout"}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_ledger_names_its_sources_and_events_tell_of_every_change(world: World, seed: int) -> None:
    store = _store(world)
    before = {kind: {row["id"]: row for row in shelf.rows} for kind, shelf in store.shelves.items()}
    known = len(store.events.rows)
    Life(store, Random(seed)).happen(400)
    entries = store.shelves["balance_transactions"].rows
    assert len({entry["id"] for entry in entries}) == len(entries)
    for entry in entries:
        assert any(store.get(kind, entry["source"]) for kind in ("charges", "refunds", "disputes", "payouts"))
    # an entry of the ledger and a checkout that opens have no event; what an event changes besides, it names
    told = {row["row"]["id"] for row in store.events.rows[known:]}
    named = {
        value
        for row in store.events.rows[known:]
        for name in ("customer", "subscription", "released_subscription", "invoice", "charge")
        if isinstance(value := row["row"].get(name), str)
    }
    coupons = {row["row"]["coupon"]["id"] for row in store.events.rows[known:] if row["kind"] == "discounts"}
    for kind in set(KINDS) - {"balance_transactions"}:
        changed = {row["id"] for row in store.shelves[kind].rows if before[kind].get(row["id"]) is not row}
        if kind == "checkout/sessions":
            changed &= before[kind].keys()
        assert changed <= told | named | coupons, kind


def test_most_sorts_of_things_happen_and_bring_the_vendors_events(world: World) -> None:
    store = _store(world)
    Life(store, Random(1)).happen(3000)
    types = {row["type"] for row in store.events.rows}
    families = {name.rsplit(".", 1)[0] for name in types}
    assert len(types) > 55
    assert families >= {
        "customer", "customer.subscription", "customer.discount", "customer.tax_id", "product", "price", "plan",
        "coupon", "promotion_code", "subscription_schedule", "invoice", "invoiceitem", "credit_note", "charge",
        "charge.dispute", "payment_intent", "refund", "payout", "checkout.session",
    }  # fmt: skip


def test_an_event_keeps_the_object_as_it_was(sandbox: Sandbox) -> None:
    sandbox.advance(SLUG, "stripe", created=0, changed=1, archived=0)
    first = _events(sandbox)[0]
    sandbox.advance(SLUG, "stripe", created=0, changed=1, archived=0)
    again = _events(sandbox)
    assert first in again
    assert again[0]["data"]["object"]["name"] == f"{first['data']['object']['name']} (ændret)"


def test_a_deleted_object_is_gone_from_lists_and_a_customer_leaves_a_stub(sandbox: Sandbox) -> None:
    header = {"Authorization": f"Bearer sandbox-stripe-{SLUG}"}
    coupon = sandbox.get("stripe", SLUG, "/v1/coupons").json()["data"][0]["id"]
    assert sandbox.http.request("DELETE", f"/stripe/v1/coupons/{coupon}", headers=header).json()["deleted"] is True
    assert sandbox.get("stripe", SLUG, f"/v1/coupons/{coupon}").status_code == 404
    assert coupon not in [one["id"] for one in sandbox.get("stripe", SLUG, "/v1/coupons").json()["data"]]
    lost = sandbox.get("stripe", SLUG, f"/v1/coupons?starting_after={coupon}")
    assert (lost.status_code, lost.json()["error"]["param"]) == (400, "starting_after")
    done = sandbox.advance(SLUG, "stripe", created=0, changed=0, archived=1)["archived"][0].split("/")[1]
    assert sandbox.get("stripe", SLUG, f"/v1/customers/{done}").json() == {
        "id": done, "object": "customer", "deleted": True,
    }  # fmt: skip


def test_lists_inside_objects_show_ten_and_the_rest_when_asked(sandbox: Sandbox) -> None:
    listed = sandbox.get("stripe", SLUG, "/v1/subscriptions?limit=100&status=all").json()["data"]
    longest = max(listed, key=lambda one: one["items"]["has_more"])
    assert (len(longest["items"]["data"]), longest["items"]["has_more"]) == (10, True)
    last = longest["items"]["data"][-1]["id"]
    rest = sandbox.get("stripe", SLUG, f"{longest['items']['url']}&starting_after={last}").json()
    assert len(rest["data"]) == 3
    assert rest["has_more"] is False


def test_keys_of_no_tenant_are_refused(sandbox: Sandbox) -> None:
    for key in ("sk_test_sandbox_nobody", "sk_live_sandbox_kyst-logistik", "sk_test_sandbox_platform", "rk_test_x"):
        answer = sandbox.http.get("/stripe/v1/customers", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401, key


def _events(sandbox: Sandbox) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()["data"]
    return data
