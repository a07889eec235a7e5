"""Links and their rules of naming over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from serving.links.naming import build_link
from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

RULES, LINKS = "/v1/utm-rules", "/v1/utm-links"
NAMED = {
    "sources": ["nyhedsbrev", "google"], "mediums": ["email", "cpc"], "separator": "-",
    "parts": [{"name": "år", "kind": "year"}, {"name": "land", "kind": "choice", "choices": ["dk", "se"]},
              {"name": "navn", "kind": "word"}],
}  # fmt: skip
LINK = {"url": "https://www.bageri.example/tilbud?a=1&utm_source=old#pris", "source": "google", "medium": "cpc",
        "campaign": "2026-dk-forår"}  # fmt: skip


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                for table in ("utm_rules", "campaigns"):
                    connection.execute(f"delete from app.{table}")

    clear()
    yield
    clear()


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get(RULES).status_code == client.post(LINKS, json=LINK).status_code == 401
    reader = token_of(filled.a, "campaigns:read")
    assert client.get(RULES, headers=reader).status_code == 200
    assert client.put(RULES, headers=reader, json=NAMED).status_code == 403


def test_rules_are_one_tenants(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    assert client.put(RULES, headers=as_a, json=NAMED).json()["sources"] == NAMED["sources"]
    assert client.get(RULES, headers=as_a).json()["parts"][1]["choices"] == ["dk", "se"]
    nobodys = client.get(RULES, headers=as_b).json()
    assert (nobodys["sources"], nobodys["updated_at"]) == ([], None)
    campaign = post(client, as_a, "/v1/campaigns", name="Forår", channel="email", currency="DKK",
                    utm_campaign="2026-dk-forår")  # fmt: skip
    body = {k: v for k, v in LINK.items() if k != "campaign"}
    answer = client.post(LINKS, headers=as_b, json={**body, "campaign_id": campaign["id"]})
    assert answer.json()["errors"] == [{"pointer": "/campaign_id", "detail": "no such campaign"}]
    mine = post(client, as_a, LINKS, 200, **body, campaign_id=campaign["id"])
    assert (mine["utm_campaign"], mine["campaign_id"]) == ("2026-dk-forår", campaign["id"])


@pytest.mark.parametrize(
    ("change", "pointer", "detail"),
    [
        ({"source": "Google"}, "/source", "must be one of nyhedsbrev, google"),
        ({"medium": "tv"}, "/medium", "must be one of email, cpc"),
        ({"campaign": "forår"}, "/campaign", "must be år-land-navn: 3 parts and not 1"),
        ({"campaign": "26-dk-forår"}, "/campaign", "must be år-land-navn: år must be a year such as 2026, not '26'"),
        ({"campaign": "2026-no-forår"}, "/campaign", "must be år-land-navn: land must be one of dk, se, not 'no'"),
        ({"campaign": "2026-dk-For år"}, "/campaign", None),
        ({"url": "javascript:alert(1)"}, "/url", None),
        ({"url": "https://"}, "/url", None),
    ],
)
def test_a_name_that_breaks_a_rule_is_refused_with_how_it_should_be(
    client: httpx.Client, as_a: Header, change: dict[str, Any], pointer: str, detail: str | None
) -> None:
    client.put(RULES, headers=as_a, json=NAMED)
    answer = client.post(LINKS, headers=as_a, json={**LINK, **change})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert detail is None or fault["detail"] == detail


def test_a_campaign_keeps_the_rules_too(client: httpx.Client, as_a: Header) -> None:
    free = post(client, as_a, "/v1/campaigns", name="Før", channel="email", currency="DKK", utm_campaign="Whatever")
    client.put(RULES, headers=as_a, json=NAMED)
    body = {"name": "Efter", "channel": "email", "currency": "DKK", "utm_campaign": "Whatever"}
    refused = client.post("/v1/campaigns", headers=as_a, json=body)
    assert refused.json()["errors"][0]["pointer"] == "/utm_campaign"
    place = f"/v1/campaigns/{free['id']}"
    assert client.patch(place, headers=as_a, json={"status": "paused"}).status_code == 200
    assert client.patch(place, headers=as_a, json={"utm_campaign": "2026-se-jul"}).status_code == 200


def test_a_link_keeps_what_else_the_address_says(client: httpx.Client, as_a: Header) -> None:
    told = post(client, as_a, LINKS, 200, **{**LINK, "content": "top & bund", "term": "brød"})
    assert told["url"] == (
        "https://www.bageri.example/tilbud?a=1&utm_source=google&utm_medium=cpc&utm_campaign=2026-dk-for%C3%A5r"
        "&utm_content=top+%26+bund&utm_term=br%C3%B8d#pris"
    )
    assert build_link(told["url"], {"utm_source": "x"}).count("utm_source") == 1
    for body in ({**LINK, "campaign": None}, {**LINK, "campaign_id": "x"}):
        assert client.post(LINKS, headers=as_a, json=body).status_code == 422
