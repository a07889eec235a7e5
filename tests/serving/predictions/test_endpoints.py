"""Predictions over HTTP: of a lead, and of subscriptions that may end."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.database import TwoTenants
from tests.serving import world

Header = dict[str, str]
LEAD, UNSCORED = world.lead_id(1), world.lead_id(0)
OF_LEAD = f"/v1/leads/{LEAD}/predictions"
CHURN = "/v1/churn-predictions"


class TestLeadPredictions:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(OF_LEAD).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.get(OF_LEAD, headers=token_of(filled.a, "leads:read")).status_code == 403

    def test_other_tenants_lead_gets_404(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        made = client.post("/v1/leads", headers=as_b, json={"email": "worth@beta.example"}).json()
        assert client.get(f"/v1/leads/{made['id']}/predictions", headers=as_a).status_code == 404
        assert client.get(f"/v1/leads/{uuid4()}/predictions", headers=as_a).status_code == 404

    def test_bad_id_gets_422(self, client: httpx.Client, as_a: Header) -> None:
        assert client.get("/v1/leads/one/predictions", headers=as_a).status_code == 422

    def test_each_tenant_reads_its_own_of_the_same_lead(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        of_a, of_b = (client.get(OF_LEAD, headers=headers).json() for headers in (as_a, as_b))
        assert (of_a["value_cents"], of_b["value_cents"]) == (1000, 7000)
        assert of_a["value_model_version"] == "worth-1"
        assert of_a["converted_by_30d_rate"] == 0.3

    def test_lead_that_no_batch_has_seen_has_no_predictions(self, client: httpx.Client, as_a: Header) -> None:
        told = client.get(f"/v1/leads/{UNSCORED}/predictions", headers=as_a).json()
        assert told.pop("lead_id") == str(UNSCORED)
        assert set(told.values()) == {None}


class TestChurnPredictions:
    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(CHURN).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.get(CHURN, headers=token_of(filled.a, "kpis:read")).status_code == 403

    @pytest.mark.parametrize(
        ("params", "pointer"),
        [({"limit": 0}, "limit"), ({"min_probability": 2}, "min_probability"), ({"cursor": "AAAA"}, "cursor")],
    )
    def test_bad_query_gets_422(
        self, client: httpx.Client, as_a: Header, params: dict[str, str | int], pointer: str
    ) -> None:
        answer = client.get(CHURN, headers=as_a, params=params)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    def test_cursor_of_another_tenant_gets_422(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        cursor = client.get(CHURN, headers=as_b, params={"limit": 1}).json()["next_cursor"]
        assert client.get(CHURN, headers=as_a, params={"limit": 1, "cursor": cursor}).status_code == 422

    def test_pages_give_the_most_endangered_first_with_reasons_in_words(
        self, client: httpx.Client, as_b: Header
    ) -> None:
        found: list[dict[str, object]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = client.get(CHURN, headers=as_b, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            found += page["items"]
            cursor = page["next_cursor"]
        assert [one["subscription_id"] for one in found] == [f"sub_{number}" for number in (4, 3, 2, 1, 0)]
        assert found[0]["probability"] == pytest.approx(0.47)
        (reason,) = found[0]["reasons"]  # type: ignore[misc]
        assert reason["sentence"].startswith("2 failed charges in 35 days: raises")  # type: ignore[index]

    def test_filters_by_customer_and_least_chance(self, client: httpx.Client, as_a: Header) -> None:
        of_customer = client.get(CHURN, headers=as_a, params={"customer_id": "cus_3"}).json()["items"]
        assert [one["subscription_id"] for one in of_customer] == ["sub_3"]
        endangered = client.get(CHURN, headers=as_a, params={"min_probability": 0.3}).json()["items"]
        assert {one["subscription_id"] for one in endangered} == {"sub_3", "sub_4"}
