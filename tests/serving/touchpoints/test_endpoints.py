"""Touchpoints over HTTP: who may send them, what is kept of them, and once however often they come."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
VISIT = {"kind": "visit", "anonymous_id": "v1"}


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                connection.execute("delete from app.touchpoints")
                connection.execute("delete from app.campaigns where name = 'Forår'")

    clear()
    yield
    clear()


@pytest.fixture
def sender(filled: TwoTenants, token_of: Callable[..., Header]) -> Header:
    """A token that may do nothing but send."""
    return token_of(filled.a, "touchpoints:write")


def stored(doors: Doors, tenant_id: UUID) -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute(
            "select id, kind, channel, anonymous_id, lead_id, campaign_id from app.touchpoints order by occurred_at, id"
        ).fetchall()


def send(client: httpx.Client, headers: Header, *items: dict[str, Any], status: int = 202) -> Any:
    body = items[0] if len(items) == 1 else {"items": list(items)}
    answer = client.post("/v1/touchpoints", headers=headers, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_anonymous_gets_401_and_a_reader_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    send(client, {}, VISIT, status=401)
    send(client, token_of(filled.a, "leads:read"), VISIT, status=403)


def test_a_senders_token_opens_nothing_else(client: httpx.Client, sender: Header) -> None:
    for path in ("/v1/leads", "/v1/contacts", "/v1/kpis", "/v1/events"):
        answer = client.get(path, headers=sender)
        assert answer.status_code == 403 or answer.json()["items"] == [], path


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"kind": "visit"}, ""),
        ({**VISIT, "kind": "wink"}, "/kind"),
        ({**VISIT, "occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
        ({**VISIT, "occurred_at": "2026-01-01T00:00:00"}, "/occurred_at"),
        ({**VISIT, "channel": "No Such Form"}, "/channel"),
        ({**VISIT, "tenant_id": str(uuid4())}, "/tenant_id"),
    ],
)
def test_bad_input_gets_422_and_stores_nothing(
    client: httpx.Client, sender: Header, doors: Doors, filled: TwoTenants, item: dict[str, Any], pointer: str
) -> None:
    answer = send(client, sender, VISIT, item, status=422)
    assert any(fault["pointer"].endswith(pointer) for fault in answer["errors"])
    assert stored(doors, filled.a.id) == []


def test_sending_again_stores_once_and_tells_once(
    client: httpx.Client, sender: Header, doors: Doors, filled: TwoTenants
) -> None:
    touch = {**VISIT, "id": str(uuid4()), "occurred_at": "2026-11-01T10:00:00Z"}
    assert send(client, sender, touch) == {"stored": 1, "verdicts": ["stored"]}
    assert send(client, sender, touch, touch) == {"stored": 0, "verdicts": ["known", "known"]}
    twice = {**touch, "id": str(uuid4())}
    assert send(client, sender, twice, twice) == {"stored": 1, "verdicts": ["stored", "known"]}
    assert [row[0] for row in stored(doors, filled.a.id)] == sorted([UUID(touch["id"]), UUID(twice["id"])])
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        query = (
            "select count(*) from app.events where event_type = 'TouchpointRecorded' and aggregate_id = any(%s::uuid[])"
        )
        assert connection.execute(query, ([touch["id"], twice["id"]],)).fetchone() == (2,)


def test_consent_bots_and_strangers(
    client: httpx.Client, sender: Header, doors: Doors, filled: TwoTenants, as_b: Header
) -> None:
    lead = str(world.lead_id(1))
    verdicts = send(
        client,
        sender,
        {**VISIT, "has_consent": False},
        {"kind": "visit", "has_consent": False},
        {**VISIT, "user_agent": CRAWLER},
        {**VISIT, "user_agent": BROWSER},
        {"kind": "call", "lead_id": lead},
        {"kind": "call", "lead_id": str(uuid4())},
        {"kind": "call", "contact_id": str(uuid4())},
    )["verdicts"]
    assert verdicts == [
        "without_consent", "without_consent", "bot", "stored", "stored", "unknown_lead", "unknown_contact"
    ]  # fmt: skip
    assert {(row[3], row[4]) for row in stored(doors, filled.a.id)} == {("v1", None), (None, UUID(lead))}
    assert stored(doors, filled.b.id) == []


def test_only_a_web_pages_user_agent_is_the_visitors(client: httpx.Client, sender: Header) -> None:
    page = {"origin": "https://shop.example", "user-agent": CRAWLER}
    assert send(client, {**sender, **page}, VISIT)["verdicts"] == ["bot"]
    assert send(client, {**sender, "user-agent": "python-requests/2"}, VISIT)["verdicts"] == ["stored"]


def test_a_campaign_is_found_by_its_utm_name_and_a_channel_left_to_the_rules(
    client: httpx.Client, sender: Header, as_a: Header, doors: Doors, filled: TwoTenants
) -> None:
    body = {"name": "Forår", "channel": "email", "currency": "DKK", "utm_campaign": "foraar-26"}
    campaign = client.post("/v1/campaigns", headers=as_a, json=body).json()["id"]
    send(client, sender, {**VISIT, "utm_campaign": "foraar-26"}, {**VISIT, "utm_campaign": "x", "channel": "display"})
    found = {(row[2], row[5]) for row in stored(doors, filled.a.id)}
    assert found == {("unknown", UUID(campaign)), ("display", None)}


def test_a_thousand_come_in_one_request_and_no_more(client: httpx.Client, sender: Header) -> None:
    assert send(client, sender, *[VISIT] * 1_000)["stored"] == 1_000
    send(client, sender, *[VISIT] * 1_001, status=422)
