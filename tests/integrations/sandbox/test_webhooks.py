"""The sandbox as a sender: the vendors' shapes, what is told of which change, and what goes wrong on the way."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from integrations.registry import webhook_format
from integrations.webhooks import Arrival
from tests.integrations.running import Sandbox

SLUG = "fjord-software"


class Receiver:
    """A real server that keeps what it is sent and answers with a status that a test sets."""

    def __init__(self) -> None:
        self.status = 200
        self.arrivals: list[Arrival] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.arrivals.append(Arrival("POST", receiver.url, headers, body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def told(receiver: Receiver, vendor: str) -> list[tuple[str, set[str]]]:
    """Type and hinted objects of each event received."""
    form = webhook_format(vendor)
    assert form is not None
    return [
        (event.event_type, {f"{hint.stream}/{hint.object_id}" for hint in event.hints})
        for arrival in receiver.arrivals
        for event in form.read(arrival.body)
    ]


@pytest.mark.parametrize("vendor", ["hubspot", "stripe"])
def test_deliveries_are_signed_with_every_secret_by_the_wall_clock(
    sandbox: Sandbox, receiver: Receiver, vendor: str
) -> None:
    import time

    secrets = ("one", "two") if vendor == "stripe" else ("one",)
    sandbox.webhook(SLUG, vendor, receiver.url, *secrets)
    sandbox.advance(SLUG, vendor, created=1, changed=0, archived=0)
    assert {answer["status"] for answer in sandbox.deliver()} == {200}
    form = webhook_format(vendor)
    assert form is not None
    for arrival in receiver.arrivals:
        for secret in secrets:
            form.verify(arrival, [secret], time.time())


def test_hubspot_sends_batches_of_a_hundred(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "hubspot", receiver.url, "secret")
    sandbox.advance(SLUG, "hubspot", created=60, changed=0, archived=0)
    assert sorted(answer["events"] for answer in sandbox.deliver()) == [20, 100]
    assert len(receiver.arrivals) == 2


def test_changes_before_the_registration_are_not_told(sandbox: Sandbox, receiver: Receiver) -> None:
    for vendor in ("hubspot", "stripe", "kit"):
        sandbox.advance(SLUG, vendor, created=1, changed=0, archived=0)
        sandbox.webhook(SLUG, vendor, receiver.url, "secret")
    assert sandbox.deliver() == []


def test_another_tenants_changes_are_not_told(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "hubspot", receiver.url, "secret")
    sandbox.advance("byg-og-bo", "hubspot", created=1, changed=1, archived=1)
    assert sandbox.deliver() == []


def test_hubspots_own_write_endpoints_are_told(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "hubspot", receiver.url, "secret")
    base = "/crm/v3/objects/contacts"
    made = sandbox.post("hubspot", SLUG, base, {"properties": {"email": "a@b.example"}}).json()["id"]
    header = {"Authorization": f"Bearer sandbox-hubspot-{SLUG}"}
    changed = {"properties": {"phone": "1", "city": "Aarhus"}}
    assert sandbox.http.patch(f"/hubspot{base}/{made}", headers=header, json=changed).status_code == 200
    assert sandbox.http.delete(f"/hubspot{base}/{made}", headers=header).status_code == 204
    assert sandbox.http.delete(f"/hubspot{base}/999999999", headers=header).status_code in (204, 404)
    sandbox.deliver()
    own = {f"contacts/{made}"}
    assert told(receiver, "hubspot")[:4] == [
        ("contact.creation", own),
        ("contact.propertyChange", own),
        ("contact.propertyChange", own),
        ("contact.deletion", own),
    ]


def test_an_association_is_told_with_both_ends(sandbox: Sandbox, receiver: Receiver) -> None:
    contact = sandbox.get("hubspot", SLUG, "/crm/v3/objects/contacts").json()["results"][0]["id"]
    company = sandbox.get("hubspot", SLUG, "/crm/v3/objects/companies").json()["results"][0]["id"]
    sandbox.webhook(SLUG, "hubspot", receiver.url, "secret")
    inputs = [{"from": {"id": contact}, "to": {"id": company}, "types": []}]
    path = "/crm/v4/associations/contacts/companies/batch/archive"
    assert sandbox.post("hubspot", SLUG, path, {"inputs": inputs}).status_code == 204
    sandbox.deliver()
    assert told(receiver, "hubspot") == [("contact.associationChange", {f"contacts/{contact}", f"companies/{company}"})]


def test_stripe_sends_the_very_events_of_its_feed(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "stripe", receiver.url, "secret")
    sandbox.advance(SLUG, "stripe", created=40, changed=1, archived=1)
    sandbox.deliver()
    feed = sandbox.get("stripe", SLUG, "/v1/events?limit=100").json()["data"]
    sent = [orjson.loads(arrival.body)["id"] for arrival in receiver.arrivals]
    assert len(sent) == len(set(sent)) > 100
    assert [event["id"] for event in feed] == sent[::-1][:100]


def test_what_is_refused_or_unheard_waits_and_what_is_held_back_follows(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "stripe", receiver.url, "secret")
    sandbox.advance(SLUG, "stripe", created=2, changed=0, archived=0)
    receiver.status = 503
    first = sandbox.deliver()
    assert {answer["status"] for answer in first} == {503}
    receiver.status = 200
    receiver.arrivals.clear()
    some = sandbox.deliver(hold=2, copies=2, shuffle=1)
    rest = sandbox.deliver()
    assert len(some) == 2 * (len(first) - 2)
    assert len(rest) == 2
    assert len({arrival.body for arrival in receiver.arrivals}) == len(first)
    assert sandbox.deliver() == []


def test_a_target_that_nobody_answers_at_is_status_0(sandbox: Sandbox) -> None:
    sandbox.webhook(SLUG, "kit", "http://127.0.0.1:9/hook")
    sandbox.advance(SLUG, "kit", created=1, changed=0, archived=0)
    assert [answer["status"] for answer in sandbox.deliver()] == [0]
    assert len(sandbox.deliver()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"tenant": "nobody", "vendor": "kit", "url": "http://x"},
        {"tenant": SLUG, "vendor": "openai", "url": "http://x"},
        {"tenant": "kyst-logistik", "vendor": "stripe", "url": "http://x"},
        {"tenant": SLUG, "vendor": "kit"},
    ],
)
def test_a_wrong_registration_is_refused(sandbox: Sandbox, body: dict[str, str]) -> None:
    assert sandbox.http.post("/_control/webhooks", json=body).status_code == 422


def test_targets_can_be_forgotten(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.webhook(SLUG, "kit", receiver.url)
    assert sandbox.http.delete("/_control/webhooks").json() == {"cleared": 1}
    sandbox.advance(SLUG, "kit", created=1, changed=0, archived=0)
    assert sandbox.deliver() == []
