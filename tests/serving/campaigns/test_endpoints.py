"""Campaigns over HTTP beside their records: spend told again, pace, links."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

Header = dict[str, str]
DAY = {"amount_cents": 12_500, "currency": "DKK"}


@pytest.fixture(autouse=True)
def cleared(doors: Doors, filled: TwoTenants) -> Iterator[None]:
    def clear() -> None:
        for tenant in (filled.a, filled.b):
            with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
                connection.execute("delete from app.campaign_spend")
                connection.execute("delete from app.campaigns where name = 'Forår på tilbud'")

    clear()
    yield
    clear()


@pytest.fixture
def path(client: httpx.Client, as_a: Header) -> str:
    """A campaign of ten days with a budget."""
    body = {
        "name": "Forår på tilbud", "channel": "paid_search", "currency": "DKK", "budget_cents": 100_000,
        "starts_on": "2026-03-01", "ends_on": "2026-03-10", "utm_campaign": "foraar",
    }  # fmt: skip
    answer = client.post("/v1/campaigns", headers=as_a, json=body)
    assert answer.status_code == 201, answer.text
    return f"/v1/campaigns/{answer.json()['id']}"


def rows(doors: Doors, tenant_id: UUID) -> list[tuple[Any, ...]]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant_id) as connection:
        return connection.execute("select spend_date::text, amount_cents, clicks from app.campaign_spend").fetchall()


def test_anonymous_gets_401_a_reader_403_and_other_tenant_404(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], as_b: Header, path: str
) -> None:
    reader, spend = token_of(filled.a, "campaigns:read"), f"{path}/spend/2026-03-01"
    assert client.put(spend, json=DAY).status_code == 401
    assert client.put(spend, headers=reader, json=DAY).status_code == 403
    assert client.put(spend, headers=as_b, json=DAY).status_code == 404
    assert client.get(f"{path}/pacing").status_code == 401
    assert client.get(f"{path}/pacing", headers=as_b).status_code == 404
    assert client.get(f"/v1/campaigns/{uuid4()}/pacing", headers=reader).status_code == 404


@pytest.mark.parametrize(
    ("day", "change"),
    [("2026-03-01", {"currency": "EUR"}), ("2026-03-01", {"amount_cents": -1}), ("2999-01-01", {}), ("monday", {})],
)
def test_bad_spend_gets_422_and_stores_nothing(
    client: httpx.Client, as_a: Header, path: str, day: str, change: dict[str, Any], doors: Doors, filled: TwoTenants
) -> None:
    assert client.put(f"{path}/spend/{day}", headers=as_a, json=DAY | change).status_code == 422
    assert rows(doors, filled.a.id) == []


def test_a_day_told_again_is_stored_once_and_corrected(
    client: httpx.Client, as_a: Header, path: str, doors: Doors, filled: TwoTenants
) -> None:
    first = client.put(f"{path}/spend/2026-03-01", headers=as_a, json=DAY)
    again = client.put(f"{path}/spend/2026-03-01", headers=as_a, json=DAY)
    assert (first.status_code, again.json()) == (200, first.json())
    client.put(f"{path}/spend/2026-03-01", headers=as_a, json=DAY | {"amount_cents": 30_000, "clicks": 9})
    assert rows(doors, filled.a.id) == [("2026-03-01", 30_000, 9)]


def test_pace_is_told_by_the_last_day_that_is_known(client: httpx.Client, as_a: Header, path: str) -> None:
    for day in range(1, 6):
        client.put(f"{path}/spend/2026-03-{day:02d}", headers=as_a, json=DAY)
    pacing = client.get(f"{path}/pacing", headers=as_a).json()
    assert (pacing["verdict"], pacing["expected_cents"], pacing["until"]) == ("too_fast", 125_000, "2026-03-05")
    assert (pacing["spent_rate"], pacing["time_rate"]) == (0.625, 0.5)
