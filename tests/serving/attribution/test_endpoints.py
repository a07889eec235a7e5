"""Attribution over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from tests.fixtures.database import TwoTenants

Header = dict[str, str]


def test_anonymous_gets_401(client: httpx.Client) -> None:
    assert client.get("/v1/attribution").status_code == 401


def test_missing_scope_gets_403(client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]) -> None:
    assert client.get("/v1/attribution", headers=token_of(filled.a, "leads:read")).status_code == 403


@pytest.mark.parametrize("params", [{"model": "oracle"}, {"currency": "kr"}, {"tenant": "x"}, {"model": "a\x00"}])
def test_bad_query_gets_422(client: httpx.Client, as_a: Header, params: dict[str, str]) -> None:
    answer = client.get("/v1/attribution", headers=as_a, params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == next(iter(params))


def test_each_tenant_sees_its_own_credit_the_most_valuable_first(
    client: httpx.Client, as_a: Header, as_b: Header
) -> None:
    for headers, weight in ((as_a, 1), (as_b, 7)):
        body = client.get("/v1/attribution", headers=headers, params={"model": "markov"}).json()
        assert body["models"] == ["first", "markov"]
        seen = [(c["channel"], c["conversions"], c["value_cents"], c["roas_rate"]) for c in body["credit"]]
        assert seen == [("paid_social", 2.5 * weight, 2000 * weight, 4.0), ("email", 2.5 * weight, 1000 * weight, None)]


def test_filters_narrow(client: httpx.Client, as_a: Header) -> None:
    body = client.get("/v1/attribution", headers=as_a, params={"channel": "email", "currency": "DKK"}).json()
    assert [(c["model"], c["channel"]) for c in body["credit"]] == [("first", "email"), ("markov", "email")]
    assert client.get("/v1/attribution", headers=as_a, params={"currency": "EUR"}).json()["credit"] == []
