"""Whose account and which mode: keys, connected accounts, permissions, the balance, pace and clocks."""

import orjson
import pytest

from integrations.credentials import Credential
from integrations.registry import open_source
from integrations.sandbox.stripe_keys import PLATFORM_KEY, account_id
from integrations.sandbox.world import World
from integrations.stripe.client import StripeSource
from integrations.stripe.wire import ModeMixed, Pace
from tekup.errors import PermissionLacking, VendorError
from tests.integrations.running import Sandbox
from tests.integrations.stripe.reading import SLUG, Kept, living, read


def test_the_identity_is_the_account_and_its_mode(sandbox: Sandbox) -> None:
    own = account_id(SLUG)
    assert sandbox.stripe(SLUG).identity() == f"{own} test"
    assert sandbox.stripe(SLUG, f"sk_test_sandbox_{SLUG}").identity() == f"{own} test"
    assert sandbox.stripe(SLUG, f"sk_live_sandbox_{SLUG}").identity() == f"{own} live"
    # a restricted key may not read the account: the refusal names it
    assert sandbox.stripe(SLUG, f"rk_test_sandbox_{SLUG}__no_account").identity() == f"{own} test"


def test_live_and_test_mode_share_nothing(sandbox: Sandbox) -> None:
    live, test = Kept(), Kept()
    live.pull(sandbox.stripe(SLUG, f"sk_live_sandbox_{SLUG}"))
    test.pull(sandbox.stripe(SLUG))
    assert len(live.rows["customers"]) >= 3
    for stream in ("customers", "charges", "balance_transactions", "events"):
        assert not live.rows[stream].keys() & test.rows[stream].keys()
    assert {one["livemode"] for one in live.payloads("customers").values()} == {True}
    assert {one["livemode"] for one in test.payloads("customers").values()} == {False}


@pytest.mark.parametrize("key", [f"sk_test_sandbox_{SLUG}", f"sandbox-stripe-{SLUG}"])
def test_an_object_of_the_other_mode_stops_the_stream_before_it_is_stored(sandbox: Sandbox, key: str) -> None:
    source = sandbox.stripe(SLUG, key)
    assert source.identity().endswith("test")
    body = {"tenant": SLUG, "stripe_shows_other_mode": True}
    assert sandbox.http.post("/_control/settings", json=body).status_code == 200
    with pytest.raises(ModeMixed, match="of live mode to a test key; it was not stored") as caught:
        list(source.pages("customers", None))
    assert isinstance(caught.value, VendorError)
    assert "connect the account" in str(caught.value)


def test_a_connected_account_is_read_by_the_platforms_key_and_alone(sandbox: Sandbox) -> None:
    one, two = (
        sandbox.stripe(slug, Credential(PLATFORM_KEY, account=account_id(slug)))
        for slug in ("fjord-software", "byg-og-bo")
    )
    assert one.identity() == f"{account_id('fjord-software')} test"
    kept, twin, own = Kept(), Kept(), Kept()
    kept.pull(one)
    twin.pull(two)
    own.pull(sandbox.stripe("fjord-software"))
    assert living(kept.rows) == living(own.rows)
    shared = kept.rows["customers"].keys() & twin.rows["customers"].keys()
    assert shared
    assert all(kept.rows["customers"][name] != twin.rows["customers"][name] for name in shared)


def test_an_account_that_is_not_connected_is_refused(sandbox: Sandbox) -> None:
    stranger = sandbox.stripe(SLUG, Credential(f"sk_test_sandbox_{SLUG}", account=account_id("byg-og-bo")))
    with pytest.raises(PermissionLacking, match="does not have access to account"):
        read(stranger, "customers")


def test_the_stored_credential_names_the_connected_account(sandbox: Sandbox) -> None:
    text = Credential(PLATFORM_KEY, account=account_id("byg-og-bo")).text()
    source = open_source("stripe", text, f"{sandbox.url}/stripe")
    assert source.identity() == f"{account_id('byg-og-bo')} test"
    source.close()


def test_a_restricted_key_lacks_one_stream_and_reads_the_others(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG, f"rk_test_sandbox_{SLUG}__no_disputes")
    with pytest.raises(PermissionLacking, match=r"does not let this credential read disputes.*rak_dispute_read"):
        read(source, "disputes")
    assert read(source, "charges")[0]
    checked = source.check()
    assert "read permission" in checked.pop("disputes")
    assert checked.pop("account") == account_id(SLUG)
    assert set(checked.values()) == {"ok"}


def test_a_key_that_may_not_read_events_says_so_at_the_first_later_read(sandbox: Sandbox) -> None:
    source = sandbox.stripe(SLUG, f"rk_test_sandbox_{SLUG}__no_events")
    _, cursor = read(source, "customers")
    sandbox.pass_time(60)
    with pytest.raises(PermissionLacking, match="read events"):
        read(source, "customers", cursor)


def test_the_balance_is_the_sum_of_the_ledger_at_any_moment(sandbox: Sandbox) -> None:
    source, kept = sandbox.stripe(SLUG), Kept()
    for _ in range(4):
        kept.pull(source)
        ledger: dict[str, int] = {}
        for entry in kept.payloads("balance_transactions").values():
            ledger[entry["currency"]] = ledger.get(entry["currency"], 0) + entry["net"]
        assert source.balance() == ledger
        assert ledger.keys() >= {"dkk", "eur"}
        sandbox.pass_time(4 * 86_400)
        sandbox.advance(SLUG, "stripe", created=2, changed=0, archived=0, rounds=60)
        sandbox.pass_time(5)
    assert source.ledger_stream in source.streams
    assert source.count("customers") is None


def test_a_paced_source_is_never_throttled(world: World) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        sandbox.advance(SLUG, "stripe", created=150, changed=0, archived=0)
        sandbox.pass_time(3600)
        source = sandbox.stripe(SLUG, paced=True)
        _, cursor = read(source, "customers")
        sandbox.pass_time(3600)
        sandbox.advance(SLUG, "stripe", created=0, changed=150, archived=0)
        sandbox.pass_time(5)
        pages = list(source.pages("customers", cursor))
        assert sum(len(page.records) for page in pages) == 150
        assert {entry["status"] for entry in sandbox.requests(vendor="stripe")} == {200}
        hurried = sandbox.stripe(SLUG)
        assert sum(page.retries for page in hurried.pages("customers", cursor)) > 0


def test_the_pace_is_even_and_survives_a_clock_that_is_set_back() -> None:
    now, waits = [1000.0], list[float]()
    pace = Pace(20.0, lambda: now[0], waits.append)
    for _ in range(5):
        pace.wait()
    assert waits == pytest.approx([0.05, 0.1, 0.15, 0.2])
    now[0] = 10.0
    pace.wait()
    assert waits[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_clock_that_is_ahead_of_stripes_loses_no_change(sandbox: Sandbox, is_known: bool) -> None:
    sandbox.http.post("/_control/settings", json={"clock_ahead_seconds": -7200})
    source, kept = sandbox.stripe(SLUG), Kept()
    for _ in range(3):
        if is_known:
            source.identity()
        kept.pull(source)
        assert kept.cursors["customers"]["since"] <= sandbox.seconds - 7200
        sandbox.pass_time(600)
        sandbox.advance(SLUG, "stripe", created=1, changed=2, archived=1, rounds=20)
        sandbox.pass_time(60)
        source = sandbox.stripe(SLUG)
    kept.pull(source)
    fresh = Kept()
    fresh.pull(sandbox.stripe(SLUG))
    assert living(kept.rows) == living(fresh.rows)


def test_the_sdks_own_key_is_never_set(sandbox: Sandbox) -> None:
    import stripe

    source = sandbox.stripe(SLUG)
    read(source, "coupons")
    source.close()
    assert stripe.api_key is None
    assert stripe.enable_telemetry is False


def test_what_came_is_not_rounded_or_renamed_on_the_way(sandbox: Sandbox) -> None:
    records, _ = read(sandbox.stripe(SLUG), "coupons")
    raw = sandbox.get("stripe", SLUG, "/v1/coupons?limit=100").json()["data"]
    assert [orjson.loads(r.payload) for r in records] == raw
    assert 25.5 in [one["percent_off"] for one in raw]


def test_a_source_reads_by_its_own_names_only() -> None:
    assert not set(StripeSource.streams) & {side for names in StripeSource.sides.values() for side in names}
    assert StripeSource.streams[0] == "events"
