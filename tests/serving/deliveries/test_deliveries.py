"""Webhooks that go out: signed, retried, dead at last, replayed; kept out of our own network; each tenant's own."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest

from serving.deliveries import dispatch
from serving.deliveries.sending import AddressRefused, Sender, check_url, resolve
from serving.deliveries.signing import sign
from tekup.db import Database, Doors, Role
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.serving.conftest import Api
from tests.serving.events.conftest import clear_log
from tests.serving.working import a_worker

Header = dict[str, str]


@dataclass
class Receiver:
    """A tenant's own program: answers as told, and keeps what came."""

    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.came]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = kept.answers.pop(0) if kept.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("location", kept.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_settings(settings: Settings, api: Api, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings under which our own network may be sent to, for the API and for workers."""
    monkeypatch.setattr(api.app.state.outgoing_desk, "_allows_private", True)
    return settings.model_copy(update={"webhooks_allow_private": True})


@pytest.fixture(autouse=True)
def tidy(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    clear_log(doors, filled, keeps_heads=True)
    yield
    for tenant in (filled.a, filled.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute("delete from app.outgoing_webhooks")
            connection.execute("delete from app.leads where full_name = 'Hook'")
    clear_log(doors, filled, keeps_heads=True)


def wait_for(check: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found or time.monotonic() > deadline:
            assert found, "it did not come about"
            return found
        time.sleep(0.05)


class TestEndpoints:
    def test_anonymous_gets_401_and_a_narrow_token_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.get("/v1/webhook-endpoints").status_code == 401
        narrow = token_of(filled.a, "leads:read")
        assert client.get("/v1/webhook-endpoints", headers=narrow).status_code == 403

    def test_another_tenant_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        made = client.post("/v1/webhook-endpoints", headers=as_a, json={"url": "https://hooks.example.com/x"})
        assert made.status_code == 201, made.text
        path = made.headers["location"]
        assert client.get(path, headers=as_a).json()["url"] == "https://hooks.example.com/x"
        assert "secret" not in client.get(path, headers=as_a).json()
        for method, suffix in (
            ("GET", ""),
            ("DELETE", ""),
            ("POST", "/ping"),
            ("POST", "/secret"),
            ("GET", "/deliveries"),
        ):
            assert client.request(method, path + suffix, headers=as_b).status_code == 404, suffix
        assert client.patch(path, headers=as_b, json={"is_enabled": False}).status_code == 404
        assert client.get("/v1/webhook-endpoints", headers=as_b).json() == []
        assert client.delete(path, headers=as_a).status_code == 204
        assert client.get(path, headers=as_a).status_code == 404

    @pytest.mark.parametrize(
        "url",
        [
            "http://hooks.example.com/x", "ftp://hooks.example.com", "https://user:secret@hooks.example.com/",
            "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.4/", "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:127.0.0.1]/", "https://hooks.example.com:5432/", "https:///nohost", "nonsense",
            "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/", "https://hooks.example.com/a b",
        ],
    )  # fmt: skip
    def test_an_address_that_can_not_be_gets_422(self, client: httpx.Client, as_a: Header, url: str) -> None:
        answer = client.post("/v1/webhook-endpoints", headers=as_a, json={"url": url})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == "/url"

    def test_a_type_that_is_not_or_may_not_be_seen_is_refused(
        self, client: httpx.Client, filled: TwoTenants, as_a: Header, token_of: Callable[..., Header]
    ) -> None:
        body = {"url": "https://hooks.example.com/x", "event_types": ["NeverHeardOf"]}
        assert client.post("/v1/webhook-endpoints", headers=as_a, json=body).status_code == 422
        narrow = token_of(filled.a, "webhooks:write", "webhooks:read")
        body["event_types"] = ["LeadCreated"]
        assert client.post("/v1/webhook-endpoints", headers=narrow, json=body).status_code == 403


def test_an_event_arrives_signed_and_a_ping_only_where_it_was_asked_for(
    client: httpx.Client, doors: Doors, as_a: Header, receiver: Receiver, open_settings: Settings
) -> None:
    made = client.post(
        "/v1/webhook-endpoints", headers=as_a, json={"url": receiver.url, "event_types": ["LeadCreated"]}
    ).json()
    other = client.post(
        "/v1/webhook-endpoints", headers=as_a, json={"url": receiver.url + "/other", "event_types": ["LeadScored"]}
    ).json()
    path = f"/v1/webhook-endpoints/{made['id']}"
    with a_worker(open_settings, doors):
        ping = client.post(path + "/ping", headers=as_a)
        assert ping.status_code == 202
        wait_for(lambda: receiver.came)
        lead = client.post("/v1/leads", headers=as_a, json={"full_name": "Hook"}).json()
        wait_for(lambda: "LeadCreated" in receiver.types())
        old_secret = made["secret"]
        new_secret = client.post(path + "/secret", headers=as_a).json()["secret"]
        second = client.post(path + "/ping", headers=as_a).json()["event_id"]
        # by its own id: a delivery whose answer came late is sent again
        last, last_body = wait_for(lambda: next((one for one in receiver.came if one[0]["webhook-id"] == second), None))
        page = wait_for(
            lambda: (
                (p := client.get(path + "/deliveries", headers=as_a).json())["items"][0]["state"] == "delivered" and p
            )
        )
    headers, body = receiver.came[0]
    assert json.loads(body)["data"] == {"webhook_endpoint_id": made["id"]}
    assert headers["webhook-id"] == ping.json()["event_id"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    timestamp = int(last["webhook-timestamp"])
    assert last["webhook-signature"] == sign([new_secret, old_secret], last["webhook-id"], timestamp, last_body)
    created = next(json.loads(body) for _, body in receiver.came if json.loads(body)["type"] == "LeadCreated")
    assert created["data"]["lead_id"] == lead["id"]
    assert [item["state"] for item in page["items"]] == ["delivered"] * 3
    tries = client.get(f"/v1/webhook-deliveries/{page['items'][0]['id']}", headers=as_a).json()["tries"]
    assert [(one["number"], one["status"], one["error"]) for one in tries] == [(1, 204, None)]
    assert client.get(f"/v1/webhook-endpoints/{other['id']}/deliveries", headers=as_a).json()["items"][1:] == []


def test_a_failing_endpoint_is_tried_again_then_dead_then_replayed(
    client: httpx.Client,
    doors: Doors,
    as_a: Header,
    as_b: Header,
    receiver: Receiver,
    open_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch.Dispatcher.__init__, "__defaults__", ((0.0, 0.0),))
    made = client.post(
        "/v1/webhook-endpoints", headers=as_a, json={"url": receiver.url, "event_types": ["LeadStatusChanged"]}
    ).json()
    path = f"/v1/webhook-endpoints/{made['id']}"
    receiver.answers = [500, 302, 503]
    with a_worker(open_settings, doors):
        client.post(path + "/ping", headers=as_a)
        dead = wait_for(
            lambda: client.get(path + "/deliveries", headers=as_a, params={"state": "dead"}).json()["items"]
        )
        whole = client.get(f"/v1/webhook-deliveries/{dead[0]['id']}", headers=as_a).json()
        assert [one["status"] for one in whole["tries"]] == [500, 302, 503]
        assert "redirects are not followed" in whole["tries"][1]["error"]
        assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
        assert client.get(path, headers=as_a).json()["failing_since"] is not None
        assert client.post(f"/v1/webhook-deliveries/{dead[0]['id']}/retry", headers=as_b).status_code == 404
        assert client.post(f"/v1/webhook-deliveries/{dead[0]['id']}/retry", headers=as_a).status_code == 202
        wait_for(lambda: client.get(path + "/deliveries", headers=as_a).json()["items"][0]["state"] == "delivered")
        assert client.get(path, headers=as_a).json()["failing_since"] is None
        replay = client.post(path + "/replay", headers=as_a, json={"from_pos": 1})
        assert replay.json() == {"deliveries": 1}
        wait_for(lambda: len(receiver.came) == 5)
        receiver.answers = [410]
        client.post(path + "/ping", headers=as_a)
        wait_for(lambda: not client.get(path, headers=as_a).json()["is_enabled"])
    assert client.get(path, headers=as_a).json()["disabled_reason"] == "it answered 410 Gone"
    assert client.patch(path, headers=as_a, json={"is_enabled": True}).json()["disabled_reason"] is None


def test_our_own_network_is_not_sent_to(receiver: Receiver) -> None:
    async def send(url: str, **more: Any) -> Any:
        sender = Sender(allows_private=False)
        try:
            return await sender.post(url, {}, b"{}")
        finally:
            await sender.close()

    for url in (receiver.url, receiver.url.replace("http://127.0.0.1", "https://localhost"), "https://localhost/"):
        outcome = anyio.run(send, url)
        assert (outcome.status, outcome.is_delivered) == (None, False)
        assert outcome.error.startswith("refused: ")
    assert receiver.came == []


def test_a_name_is_judged_by_the_address_that_is_called() -> None:
    async def ask(name: str, allows_private: bool) -> str:
        return await resolve(name, 443, allows_private=allows_private)

    with pytest.raises(AddressRefused):
        anyio.run(ask, "localhost", False)
    assert anyio.run(ask, "localhost", True) in ("127.0.0.1", "::1")
    with pytest.raises(AddressRefused, match="can't be resolved"):
        anyio.run(ask, "no-such-name.invalid", True)
    check_url("https://hooks.example.com/x?y=1", allows_private=False)
