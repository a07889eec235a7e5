"""Saved views over HTTP: who sees whose, and what a list does not know."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants
from tests.serving.automation.conftest import Header, post

VIEWS = "/v1/saved-views"
VIEW: dict[str, Any] = {
    "name": "Åbne", "list": "deals", "filters": {"status": "open", "tag": "vip", "custom": ["seats:10"]},
    "sort": "-updated_at", "columns": ["name", "amount_cents", "custom.seats"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                connection.execute("delete from app.saved_views")

    clear()
    yield
    clear()


def names(client: httpx.Client, headers: Header) -> list[str]:
    return [view["name"] for view in client.get(VIEWS, headers=headers).json()["items"]]


def test_anonymous_gets_401_and_missing_scope_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    assert client.get(VIEWS).status_code == 401
    assert client.post(VIEWS, headers=token_of(filled.a, "views:read"), json=VIEW).status_code == 403


def test_a_view_is_its_makers_until_he_shares_it(
    client: httpx.Client, as_a: Header, as_b: Header, filled: TwoTenants, token_of: Callable[..., Header]
) -> None:
    me, colleague = (token_of(filled.a, "views:read", "views:write") for _ in range(2))
    view = post(client, me, VIEWS, **VIEW)
    place = f"{VIEWS}/{view['id']}"
    assert (names(client, me), names(client, colleague), names(client, as_b)) == (["Åbne"], [], [])
    assert client.get(place, headers=colleague).status_code == client.get(place, headers=as_b).status_code == 404
    post(client, colleague, VIEWS, **VIEW)
    assert client.post(VIEWS, headers=me, json=VIEW).status_code == 409
    assert client.patch(place, headers=me, json={"is_shared": True}).status_code == 200
    assert client.get(place, headers=colleague).json()["columns"] == VIEW["columns"]
    for answer in (client.patch(place, headers=colleague, json={"name": "x"}), client.delete(place, headers=colleague)):
        assert answer.status_code == 404
    assert client.get(place, headers=as_b).status_code == 404
    # who may change the tenant tidies up
    assert client.delete(place, headers=as_a).status_code == 204


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"list": "invoices"}, "/list"),
        ({"filters": {"colour": "red"}}, "/filters/colour"),
        ({"filters": {"status": "asleep"}}, "/filters/status"),
        ({"filters": {"limit": 10}}, "/filters/limit"),
        ({"sort": "amount"}, "/sort"),
        ({"columns": ["nothing"]}, "/columns/0"),
        ({"columns": ["name", "name.first"]}, "/columns/1"),
        ({"columns": []}, "/columns"),
    ],
)
def test_what_the_list_does_not_know_gets_422(
    client: httpx.Client, as_a: Header, change: dict[str, Any], pointer: str
) -> None:
    answer = client.post(VIEWS, headers=as_a, json={**VIEW, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert names(client, as_a) == []
    view = post(client, as_a, VIEWS, **VIEW)
    if "list" not in change:
        assert client.patch(f"{VIEWS}/{view['id']}", headers=as_a, json=change).status_code == 422


def test_a_view_of_leads_is_what_their_list_takes(client: httpx.Client, as_a: Header) -> None:
    view = post(client, as_a, VIEWS, name="Lovende", list="leads", filters={"grade": "A"}, sort="-probability",
                columns=["email", "grade"])  # fmt: skip
    answer = client.get("/v1/leads", headers=as_a, params={**view["filters"], "sort": view["sort"]})
    assert answer.status_code == 200
    assert {lead["grade"] for lead in answer.json()["items"]} == {"A"}
