"""The sandbox's Kit: what the contract says it answers, and what it does not tell, as the vendor."""

from typing import Any

import httpx
import pytest

from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.kit_oauth import CLIENT_ID, CLIENT_SECRET, LIFETIME
from tests.integrations.running import Sandbox
from tests.integrations.sandbox.test_contracts import KIT, _assert_valid

SLUG = "nordlys-solar"
KINDS = ("custom_fields", "tags", "forms", "sequences", "broadcasts", "segments", "purchases")


def _ask(sandbox: Sandbox, method: str, path: str, **parts: Any) -> httpx.Response:
    header = {"X-Kit-Api-Key": sandbox_credential("kit", SLUG)}
    return sandbox.http.request(method, f"/kit{path}", headers=header, **parts)


@pytest.mark.parametrize("kind", [*KINDS, "subscribers"])
def test_every_list_is_as_the_contract_says_and_tells_its_total(sandbox: Sandbox, kind: str) -> None:
    path = f"/v4/{kind}?per_page=2&include_total_count=true&include=attribution,location,canceled_at,tags"
    body = _ask(sandbox, "GET", path).json()
    _assert_valid(KIT, f"/v4/{kind}", "get", 200, body)
    assert len(body[kind]) == 2
    assert body["pagination"]["total_count"] >= 2
    assert body["pagination"]["end_cursor"]


@pytest.mark.parametrize(("kind", "key"), [("tags", "tag_id"), ("forms", "form_id"), ("sequences", "sequence_id")])
def test_members_are_as_the_contract_says(sandbox: Sandbox, kind: str, key: str) -> None:
    parent = min(item["id"] for item in _ask(sandbox, "GET", f"/v4/{kind}").json()[kind])
    body = _ask(sandbox, "GET", f"/v4/{kind}/{parent}/subscribers?status=all").json()
    assert body["subscribers"]
    _assert_valid(KIT, f"/v4/{kind}/{{{key}}}/subscribers", "get", 200, body)
    missing = _ask(sandbox, "GET", f"/v4/{kind}/1/subscribers")
    assert missing.status_code == 404
    _assert_valid(KIT, f"/v4/{kind}/{{{key}}}/subscribers", "get", 404, missing.json())


def test_a_subscriber_and_its_tags_are_as_the_contract_says(sandbox: Sandbox) -> None:
    tag = min(item["id"] for item in _ask(sandbox, "GET", "/v4/tags").json()["tags"])
    number = _ask(sandbox, "GET", f"/v4/tags/{tag}/subscribers?per_page=1").json()["subscribers"][0]["id"]
    one = _ask(sandbox, "GET", f"/v4/subscribers/{number}?include=attribution").json()
    _assert_valid(KIT, "/v4/subscribers/{id}", "get", 200, one)
    assert "attribution" not in one["subscriber"]
    worn = _ask(sandbox, "GET", f"/v4/subscribers/{number}/tags").json()
    _assert_valid(KIT, "/v4/subscribers/{subscriber_id}/tags", "get", 200, worn)
    assert tag in [item["id"] for item in worn["tags"]]


@pytest.mark.parametrize("query", ["per_page=1001", "per_page=0", "after=nonsense", "updated_after=soon"])
def test_parameters_that_make_no_sense_are_refused(sandbox: Sandbox, query: str) -> None:
    answer = _ask(sandbox, "GET", f"/v4/subscribers?{query}")
    assert answer.status_code == 422
    _assert_valid(KIT, "/v4/subscribers", "get", 422, answer.json())


def test_only_active_subscribers_and_forms_are_shown_unless_all_are_asked_for(sandbox: Sandbox) -> None:
    for kind, state in (("subscribers", "active"), ("forms", "active")):
        few = _ask(sandbox, "GET", f"/v4/{kind}?per_page=1&include_total_count=true").json()["pagination"]
        same = _ask(sandbox, "GET", f"/v4/{kind}?status={state}&per_page=1&include_total_count=true").json()
        every = _ask(sandbox, "GET", f"/v4/{kind}?status=all&per_page=1&include_total_count=true").json()
        assert few["total_count"] == same["pagination"]["total_count"] < every["pagination"]["total_count"]


def test_a_tag_taken_off_is_no_change_of_the_subscriber(sandbox: Sandbox) -> None:
    tag = min(item["id"] for item in _ask(sandbox, "GET", "/v4/tags").json()["tags"])
    number = _ask(sandbox, "GET", f"/v4/tags/{tag}/subscribers?per_page=1").json()["subscribers"][0]["id"]
    sandbox.pass_time(30 * 86_400)
    assert _ask(sandbox, "DELETE", f"/v4/tags/{tag}/subscribers/{number}").status_code == 204
    assert _ask(sandbox, "DELETE", f"/v4/tags/{tag}/subscribers/{number}").status_code == 404
    today = "2026-11-15"
    assert _ask(sandbox, "GET", f"/v4/subscribers?status=all&updated_after={today}").json()["subscribers"] == []
    added = _ask(sandbox, "POST", f"/v4/tags/{tag}/subscribers/{number}")
    assert added.json()["subscriber"]["tagged_at"].startswith("2026-12-01")


def test_a_number_is_never_given_twice(sandbox: Sandbox) -> None:
    created = _ask(sandbox, "POST", "/v4/subscribers", json={"email_address": "a@example.test"}).json()
    first = created["subscriber"]["id"]
    assert _ask(sandbox, "DELETE", f"/_pages/subscribers/{first}").status_code == 204
    assert _ask(sandbox, "GET", f"/v4/subscribers/{first}").status_code == 404
    created = _ask(sandbox, "POST", "/v4/subscribers", json={"email_address": "b@example.test"}).json()
    assert created["subscriber"]["id"] > first


def test_the_world_moves_on_and_forgets_some(sandbox: Sandbox) -> None:
    done = sandbox.advance(SLUG, "kit", created=2, changed=2, archived=3, removed=1)
    assert [len(done[what]) for what in ("created", "changed", "archived", "removed")] == [2, 2, 3, 1]
    assert _ask(sandbox, "GET", f"/v4/{done['removed'][0]}").status_code == 404
    states = [_ask(sandbox, "GET", f"/v4/{name}").json()["subscriber"]["state"] for name in done["archived"]]
    assert states == ["cancelled", "bounced", "complained"]


def _token(sandbox: Sandbox, **body: str) -> httpx.Response:
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return sandbox.http.post("/kit/v4/oauth/token", json={**app, **body})


def test_an_access_token_ends_and_a_refresh_token_is_good_once(sandbox: Sandbox) -> None:
    code = sandbox_credential("kit", SLUG)
    granted = _token(sandbox, grant_type="authorization_code", code=code).json()
    header = {"Authorization": f"Bearer {granted['access_token']}"}
    assert sandbox.http.get("/kit/v4/account", headers=header).json()["account"]["id"] == 1
    sandbox.pass_time(LIFETIME)
    refused = sandbox.http.get("/kit/v4/account", headers=header)
    assert refused.status_code == 401
    _assert_valid(KIT, "/v4/account", "get", 401, refused.json())
    again = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    assert _token(sandbox, **again).status_code == 200
    assert (_token(sandbox, **again).status_code, _token(sandbox, **again).json()["error"]) == (400, "invalid_grant")
    assert _token(sandbox, grant_type="authorization_code", code=code, client_secret="x").status_code == 401


def test_a_token_of_one_account_opens_no_other(sandbox: Sandbox) -> None:
    code = sandbox_credential("kit", "fjord-software")
    granted = _token(sandbox, grant_type="authorization_code", code=code).json()
    header = {"Authorization": f"Bearer {granted['access_token']}"}
    assert sandbox.http.get("/kit/v4/account", headers=header).json()["account"]["name"] == "Fjord Software"
    assert sandbox.http.get("/hubspot/crm/v3/objects/contacts", headers=header).status_code == 401
