"""The way to a portal: tokens are renewed once, limits are kept, and a missing permission costs one stream."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from integrations.credentials import Credential
from integrations.hubspot.client import HubspotSource
from integrations.hubspot.pacing import Pacer
from integrations.hubspot.portal import found_in
from integrations.sandbox.hubspot_oauth import CLIENT_ID, CLIENT_SECRET, LIFETIME, refresh_token
from integrations.sandbox.world import World
from tekup.errors import CredentialRefused, PermissionLacking, VendorError
from tests.integrations.hubspot.reading import SLUG, change, payloads, read, truth
from tests.integrations.running import Sandbox

TOKEN = "/oauth/v1/token"


class Safe:
    """A stored credential that is changed by one at a time, as the database keeps it."""

    def __init__(self, credential: Credential) -> None:
        self.stored = credential
        self._lock = threading.Lock()

    def keep(self, change: Callable[[Credential], Credential]) -> Credential:
        with self._lock:
            self.stored = change(self.stored)
            return self.stored


def _credential(sandbox: Sandbox, ends_in: float | None = -1.0) -> Credential:
    ends = None if ends_in is None else sandbox.seconds + ends_in
    return Credential("old", refresh_token(SLUG), ends, CLIENT_ID, CLIENT_SECRET)


def _renewals(sandbox: Sandbox) -> int:
    return len([entry for entry in sandbox.requests(vendor="hubspot") if entry["path"] == TOKEN])


def test_an_old_token_is_renewed_before_it_is_used_and_stored_first(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox))
    source = sandbox.hubspot(SLUG, safe.stored, keep=safe.keep)
    records, _ = read(source, "deals")
    assert payloads(records).keys() == truth(sandbox, "deals")["live"].keys()
    assert _renewals(sandbox) == 1
    assert safe.stored.token.startswith("sandbox-hubspot-access-")
    assert safe.stored.refresh_token == refresh_token(SLUG)
    assert safe.stored.expires_at == sandbox.seconds + LIFETIME
    assert {entry["status"] for entry in sandbox.requests(vendor="hubspot")} <= {200, 207}


def test_a_token_is_renewed_early_in_a_walk_longer_than_its_life(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox))
    source = sandbox.hubspot(SLUG, safe.stored, keep=safe.keep)
    for stream in ("contacts", "deals", "companies", "tickets"):
        for _ in source.pages(stream, None):
            sandbox.pass_time(1000)
    assert _renewals(sandbox) > 3
    assert 401 not in {entry["status"] for entry in sandbox.requests(vendor="hubspot")}


def test_a_token_that_was_taken_back_is_renewed_once_by_its_refusal(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox, None))
    source = sandbox.hubspot(SLUG, safe.stored, keep=safe.keep)
    assert payloads(read(source, "owners")[0])
    statuses = [entry["status"] for entry in sandbox.requests(vendor="hubspot")]
    assert statuses.count(401) == 1
    assert _renewals(sandbox) == 1


def test_a_hundred_requests_at_once_renew_once(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox, None))
    sources = [sandbox.hubspot(SLUG, safe.stored, keep=safe.keep) for _ in range(10)]
    found: list[object] = []
    gate = threading.Barrier(100)

    def ask(source: HubspotSource) -> None:
        gate.wait()
        try:
            found.append(source.count("deals"))
        except Exception as fault:
            found.append(fault)

    threads = [threading.Thread(target=ask, args=(sources[number % 10],)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [len(truth(sandbox, "deals")["live"])] * 100
    assert _renewals(sandbox) == 1


def test_a_revoked_refresh_token_is_a_refused_credential(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox))
    source = sandbox.hubspot(SLUG, safe.stored, keep=safe.keep)
    read(source, "owners")
    change(sandbox, "DELETE", f"/oauth/v1/refresh-tokens/{refresh_token(SLUG)}")
    with pytest.raises(CredentialRefused, match="missing or invalid refresh token") as caught:
        read(source, "owners")
    assert "tekup connect TENANT hubspot" in str(caught.value)
    stranger = sandbox.hubspot(SLUG, replace(_credential(sandbox), client_secret="wrong"))
    with pytest.raises(CredentialRefused, match="renew the access token"):
        read(stranger, "owners")


def test_an_expired_token_that_nothing_renews_is_said_so(sandbox: Sandbox) -> None:
    safe = Safe(_credential(sandbox))
    read(sandbox.hubspot(SLUG, safe.stored, keep=safe.keep), "owners")
    sandbox.pass_time(LIFETIME + 1)
    source = sandbox.hubspot(SLUG, Credential(safe.stored.token))
    with pytest.raises(CredentialRefused, match="expired"):
        read(source, "owners")


@pytest.mark.parametrize("stream", ["deals", "owners", "lists", "forms", "schemas", "properties"])
def test_a_missing_permission_costs_one_stream(sandbox: Sandbox, stream: str) -> None:
    change(sandbox, "POST", "/_sandbox/portal", {"denied": [stream]})
    source = sandbox.hubspot(SLUG)
    with pytest.raises(PermissionLacking, match="does not let this credential read"):
        read(source, stream)
    assert payloads(read(source, "pipelines")[0])
    told = source.check()
    assert "does not let this credential read" in told[stream]
    assert told["products"] == ("ok" if stream != "properties" else told["products"])
    assert told["account"] == source.identity()


def test_a_paced_source_is_never_throttled(world: World) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        source = sandbox.hubspot(SLUG, paced=True)
        retries = throttled = requests = 0
        for stream in source.streams:
            for page in source.pages(stream, None):
                retries, requests = retries + page.retries, requests + page.requests
                throttled += page.throttled_ms
        for _ in range(100):
            source.count("deals")
            source.identity()
        for _ in range(200):
            next(source.pages("pipelines", None))
        assert 429 not in {entry["status"] for entry in sandbox.requests(vendor="hubspot")}
        assert retries == 0
        assert requests > 100
        assert throttled > 0
        assert sum(sandbox.slept) > 10


def test_a_source_that_is_not_paced_is_throttled_and_goes_on(world: World) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        source = sandbox.hubspot(SLUG)
        for _ in range(12):
            assert source.count("deals") == 79
        assert 429 in {entry["status"] for entry in sandbox.requests(vendor="hubspot")}


def test_pacing_waits_for_the_interval_once_none_is_left() -> None:
    now, slept = [100.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 2))
        now[0] += seconds

    pacer = Pacer(lambda: now[0], sleep)
    headers = {"x-hubspot-ratelimit-remaining": "3", "x-hubspot-ratelimit-interval-milliseconds": "10000"}
    pacer.note(headers)
    assert pacer.wait(is_search=False) == 0
    pacer.note(headers | {"x-hubspot-ratelimit-remaining": "0"})
    now[0] += 4
    pacer.wait(is_search=False)
    assert slept == [6.01]
    for _ in range(6):
        pacer.wait(is_search=True)
    assert slept == [6.01, 1.01]


def test_a_batch_that_failed_in_part_is_no_complete_answer() -> None:
    fault = {"category": "INTERNAL_ERROR", "message": "a shard is down"}
    with pytest.raises(VendorError, match=r"only a part \(read calls\): a shard is down"):
        found_in("read calls", {"results": [{"id": "1"}], "errors": [fault]})
    missing = {"category": "OBJECT_NOT_FOUND", "message": "no such thing"}
    assert found_in("read calls", {"results": [{"id": "1"}], "errors": [missing]}) == [{"id": "1"}]
