"""Attribution over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

import attribution
from tests.fixtures.database import TwoTenants
from tests.serving.world import CAMPAIGN

Header = dict[str, str]
ROUTES = ("", "/paths", "/transitions", "/models")


def walk(client: httpx.Client, headers: Header, path: str, name: str, **params: Any) -> list[dict[str, Any]]:
    """Every line of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(200):
        more = {"cursor": cursor} if cursor else {}
        answer = client.get(f"/v1/attribution{path}", headers=headers, params={**params, **more})
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("route", ROUTES)
def test_anonymous_gets_401(client: httpx.Client, route: str) -> None:
    assert client.get(f"/v1/attribution{route}").status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_missing_scope_gets_403(
    client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header], route: str
) -> None:
    assert client.get(f"/v1/attribution{route}", headers=token_of(filled.a, "leads:read")).status_code == 403


def test_each_tenant_sees_its_own_journeys_alone(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    for headers, weight in ((as_a, 1), (as_b, 7)):
        paths = walk(client, headers, "/paths", "items")
        assert [row["conversions"] for row in paths] == [3 * weight, weight, weight, 2 * weight]
        steps = walk(client, headers, "/transitions", "items", source="email")
        assert [step["journey_count"] for step in steps] == [2.5 * weight, 7.5 * weight]
        days = walk(client, headers, "", "credit", level="day", model="first")
        assert sum(day["conversions"] for day in days) == 15 * weight


@pytest.mark.parametrize(
    "params",
    [
        {"model": "oracle"}, {"currency": "kr"}, {"tenant": "x"}, {"model": "a\x00"}, {"level": "week"},
        {"from": "yesterday"}, {"to": "2026-02-30"}, {"limit": "0"}, {"cursor": "AAAA"},
    ],
)  # fmt: skip
def test_bad_query_gets_422(client: httpx.Client, as_a: Header, params: dict[str, str]) -> None:
    answer = client.get("/v1/attribution", headers=as_a, params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == next(iter(params))


@pytest.mark.parametrize("params", [{"from": "2026-02-01", "to": "2026-01-01"}, {"campaign_id": str(CAMPAIGN)}])
def test_a_contradiction_gets_422(client: httpx.Client, as_a: Header, params: dict[str, str]) -> None:
    assert client.get("/v1/attribution", headers=as_a, params=params).status_code == 422


def test_a_cursor_is_refused_for_another_tenant_level_or_list(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    ask = {"level": "day", "limit": 2}
    cursor = client.get("/v1/attribution", headers=as_a, params=ask).json()["next_cursor"]
    for headers, path, params in (
        (as_b, "", ask),
        (as_a, "", {"level": "campaign"}),
        (as_a, "", ask | {"from": "2026-01-02"}),
        (as_a, "/paths", {}),
    ):
        answer = client.get(f"/v1/attribution{path}", headers=headers, params={**params, "cursor": cursor})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "cursor"


def test_each_tenant_sees_its_own_credit_the_most_valuable_first(
    client: httpx.Client, as_a: Header, as_b: Header
) -> None:
    for headers, weight in ((as_a, 1), (as_b, 7)):
        body = client.get("/v1/attribution", headers=headers, params={"model": "markov"}).json()
        assert body["models"] == ["first", "markov"]
        seen = [(c["channel"], c["conversions"], c["value_cents"], c["roas_rate"]) for c in body["credit"]]
        assert seen == [("paid_social", 2.5 * weight, 2000 * weight, 4.0), ("email", 2.5 * weight, 1000 * weight, None)]
        assert [(c["conversions_low"], c["conversions_high"]) for c in body["credit"]] == [(1.5, 3.5)] * 2


def test_filters_narrow(client: httpx.Client, as_a: Header) -> None:
    body = client.get("/v1/attribution", headers=as_a, params={"channel": "email", "currency": "DKK"}).json()
    assert [(c["model"], c["channel"]) for c in body["credit"]] == [("first", "email"), ("markov", "email")]
    assert client.get("/v1/attribution", headers=as_a, params={"currency": "EUR"}).json()["credit"] == []


@pytest.mark.parametrize("level", ["channel", "campaign", "day"])
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_every_level_and_page_size_sums_to_the_same(client: httpx.Client, as_b: Header, level: str, limit: int) -> None:
    span = {"from": "2026-01-02", "to": "2026-01-05"}
    lines = walk(client, as_b, "", "credit", level=level, limit=limit, model="markov", **span)
    assert len({tuple(sorted((k, str(v)) for k, v in line.items())) for line in lines}) == len(lines)
    assert sum(line["conversions"] for line in lines) == 4 * 3 * 0.5 * 7
    assert sum(line["value_cents"] for line in lines) == 4 * 3 * 100 * 7
    assert sum(line["spend_cents"] or 0 for line in lines) == 4 * 50 * 7
    assert {line["conversions_low"] for line in lines} == {None}


def test_a_campaign_has_its_return_and_one_without_spend_has_none(client: httpx.Client, as_a: Header) -> None:
    lines = walk(client, as_a, "", "credit", level="campaign", model="first", channel="paid_social")
    seen = {line["campaign_id"]: (line["roas_rate"], line["cost_per_conversion_cents"]) for line in lines}
    assert seen[str(CAMPAIGN)] == (2.0, 100)
    assert set(seen.values()) == {(2.0, 100), (None, None)}
    days = walk(client, as_a, "", "credit", level="day", model="first", campaign_id=str(CAMPAIGN))
    assert [day["day"] for day in days] == [f"2026-01-{day:02d}" for day in range(1, 11)]


def test_paths_tell_what_has_no_touch_and_what_is_left(client: httpx.Client, as_a: Header) -> None:
    found = walk(client, as_a, "/paths", "items", limit=1)
    assert [(row["rank"], row["path"], row["path_count"]) for row in found] == [
        (1, ["email", "paid_social"], 1), (2, ["email"], 1), (3, [], 1), (4, None, 7),
    ]  # fmt: skip


def test_transitions_of_a_source_sum_to_one(client: httpx.Client, as_a: Header) -> None:
    found = walk(client, as_a, "/transitions", "items", limit=1)
    assert sum(step["probability"] for step in found if step["source"] == "email") == 1
    assert {step["target"] for step in found} == {"email", "(conversion)", "(null)"}


def test_the_models_are_the_registrys_and_say_whether_there_is_credit(client: httpx.Client, as_a: Header) -> None:
    found = {row["name"]: row for row in client.get("/v1/attribution/models", headers=as_a).json()["items"]}
    assert set(found) == set(attribution.MODELS)
    assert [name for name, row in found.items() if row["has_credit"]] == ["first", "markov"]
    assert found["markov"]["parameters"][0]["name"] == "order"
