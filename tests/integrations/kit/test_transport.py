"""Kit's keys, tokens and limits: tokens are renewed in time and stored, limits are kept or waited out."""

from collections.abc import Callable

import pytest

from integrations.credentials import Credential
from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.kit_oauth import CLIENT_ID, CLIENT_SECRET, LIFETIME
from integrations.sandbox.world import World
from tekup.errors import CredentialRefused, VendorError
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"
TOKEN = "/kit/v4/oauth/token"


def _grant(sandbox: Sandbox) -> Credential:
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "authorization_code"}
    told = sandbox.http.post(TOKEN, json={**body, "code": sandbox_credential("kit", SLUG)}).json()
    ends = sandbox.clock() + told["expires_in"]
    return Credential(told["access_token"], told["refresh_token"], ends, CLIENT_ID, CLIENT_SECRET)


def _revoke(sandbox: Sandbox, token: str | None) -> None:
    assert sandbox.http.post("/kit/v4/oauth/revoke", json={"token": token}).status_code == 200


def _renewals(sandbox: Sandbox) -> int:
    return sum(entry["path"] == "/v4/oauth/token" for entry in sandbox.requests(vendor="kit"))


class Safe:
    """Holds the stored credential, as the platform's keeper does."""

    def __init__(self, credential: Credential) -> None:
        self.stored = credential

    def keep(self, change: Callable[[Credential], Credential]) -> Credential:
        self.stored = change(self.stored)
        return self.stored


def test_tokens_open_the_account(sandbox: Sandbox) -> None:
    assert sandbox.kit(SLUG, _grant(sandbox)).identity() == "account 1"
    assert _renewals(sandbox) == 1


def test_a_token_is_renewed_before_it_ends_and_stored(sandbox: Sandbox) -> None:
    safe = Safe(_grant(sandbox))
    first = safe.stored
    source = sandbox.kit(SLUG, first, keep=safe.keep)
    sandbox.pass_time(LIFETIME - 60)
    for _ in range(3):
        source.identity()
    assert _renewals(sandbox) == 2
    assert safe.stored.token != first.token
    assert safe.stored.refresh_token != first.refresh_token
    assert [e["status"] for e in sandbox.requests(vendor="kit")].count(401) == 0
    assert sandbox.kit(SLUG, safe.stored).identity() == "account 1"


def test_a_token_that_is_refused_all_the_same_is_renewed_once(sandbox: Sandbox) -> None:
    safe = Safe(_grant(sandbox))
    _revoke(sandbox, safe.stored.token)
    source = sandbox.kit(SLUG, safe.stored, keep=safe.keep)
    assert list(source.pages("tags", None))
    assert [entry["status"] for entry in sandbox.requests(vendor="kit")][-3:] == [401, 200, 200]


def test_tokens_that_another_process_renewed_are_taken_over(sandbox: Sandbox) -> None:
    safe = Safe(_grant(sandbox))
    late = sandbox.kit(SLUG, safe.stored, keep=safe.keep)
    sandbox.pass_time(LIFETIME)
    sandbox.kit(SLUG, safe.stored, keep=safe.keep).identity()
    late.identity()
    assert _renewals(sandbox) == 2


def test_a_revoked_refresh_token_is_a_refused_credential(sandbox: Sandbox) -> None:
    credential = _grant(sandbox)
    _revoke(sandbox, credential.refresh_token)
    sandbox.pass_time(LIFETIME)
    with pytest.raises(CredentialRefused, match=r"kit refused the credential .*: invalid_grant") as caught:
        sandbox.kit(SLUG, credential).identity()
    assert "tekup connect TENANT kit" in str(caught.value)
    assert sandbox.slept == []


def test_a_token_endpoint_that_fails_for_a_while_is_asked_again(sandbox: Sandbox) -> None:
    credential = _grant(sandbox)
    sandbox.pass_time(LIFETIME)
    sandbox.fault(kind="status", status=503, vendor="kit", path="/oauth/token", times=2)
    assert sandbox.kit(SLUG, credential).identity() == "account 1"
    assert len(sandbox.slept) == 2


def test_a_token_endpoint_that_stays_broken_is_no_refused_credential(sandbox: Sandbox) -> None:
    credential = _grant(sandbox)
    sandbox.pass_time(LIFETIME)
    sandbox.fault(kind="status", status=503, vendor="kit", path="/oauth/token", times=0)
    with pytest.raises(VendorError, match=r"a new access token.*503") as caught:
        sandbox.kit(SLUG, credential).identity()
    assert not isinstance(caught.value, CredentialRefused)


@pytest.mark.parametrize(("has_token", "limit"), [(False, 120), (True, 600)])
def test_a_paced_source_never_meets_the_limit(world: World, has_token: bool, limit: int) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        source = sandbox.kit(SLUG, _grant(sandbox) if has_token else None, paced=True)
        for _ in range(limit + 30):
            source.identity()
        statuses = [entry["status"] for entry in sandbox.requests(vendor="kit")]
        assert set(statuses) == {200}
        assert sandbox.slept == [pytest.approx(60)]
        (page,) = source.pages("segments", None)
        assert page.throttled_ms >= 60_000


def test_a_source_that_meets_the_limit_waits_until_the_minute_is_over(world: World) -> None:
    with Sandbox(world, real_limits=True) as sandbox:
        source = sandbox.kit(SLUG)
        for _ in range(130):
            source.identity()
        assert sum(sandbox.slept) >= 60
        assert [entry["status"] for entry in sandbox.requests(vendor="kit")].count(429) == len(sandbox.slept)
