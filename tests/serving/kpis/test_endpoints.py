"""Daily figures over HTTP."""

from collections.abc import Callable

import httpx
import pytest

from tests.fixtures.database import TwoTenants

Header = dict[str, str]


def test_anonymous_gets_401(client: httpx.Client) -> None:
    assert client.get("/v1/kpis").status_code == 401


def test_missing_scope_gets_403(client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]) -> None:
    assert client.get("/v1/kpis", headers=token_of(filled.a, "leads:read")).status_code == 403


@pytest.mark.parametrize(
    "params",
    [
        {"since": "yesterday"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"since": "2000-01-01", "until": "2026-01-01"},
        {"from": "2026-01-01"},
    ],
)
def test_bad_query_gets_422(client: httpx.Client, as_a: Header, params: dict[str, str]) -> None:
    assert client.get("/v1/kpis", headers=as_a, params=params).status_code == 422


def test_each_tenant_sees_its_own_days(client: httpx.Client, as_a: Header, as_b: Header) -> None:
    for headers, weight in ((as_a, 1), (as_b, 7)):
        days = client.get("/v1/kpis", headers=headers).json()["days"]
        assert len(days) == 90
        assert days[-1]["kpi_date"] == "2026-04-30"
        assert {day["new_lead_count"] for day in days} == {weight}


def test_a_span_includes_both_ends(client: httpx.Client, as_a: Header) -> None:
    params = {"since": "2026-01-30", "until": "2026-02-02"}
    days = client.get("/v1/kpis", headers=as_a, params=params).json()["days"]
    assert [day["kpi_date"] for day in days] == ["2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02"]


def test_the_calendars_first_days_are_no_fault(client: httpx.Client, as_a: Header) -> None:
    assert client.get("/v1/kpis", headers=as_a, params={"until": "0001-01-02"}).json() == {"days": []}


class TestMonthly:
    URL = "/v1/kpis/monthly"

    def test_anonymous_gets_401(self, client: httpx.Client) -> None:
        assert client.get(self.URL).status_code == 401

    def test_missing_scope_gets_403(
        self, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., Header]
    ) -> None:
        assert client.get(self.URL, headers=token_of(filled.a, "leads:read")).status_code == 403

    @pytest.mark.parametrize(
        "params", [{"since": "May"}, {"since": "2026-02-01", "until": "2026-01-01"}, {"month": "1"}]
    )
    def test_bad_query_gets_422(self, client: httpx.Client, as_a: Header, params: dict[str, str]) -> None:
        assert client.get(self.URL, headers=as_a, params=params).status_code == 422

    def test_each_tenant_sees_its_own_latest_months(self, client: httpx.Client, as_a: Header, as_b: Header) -> None:
        for headers, weight in ((as_a, 1), (as_b, 7)):
            months = client.get(self.URL, headers=headers).json()["months"]
            assert len(months) == 24
            assert months[-1] == {
                "month_date": "2026-04-01", "currency": "DKK", "is_complete": False, "nrr_rate": 1.05, "grr_rate": 0.9,
                "logo_churn_rate": 0.1, "arpa_cents": weight * 100, "ltv_cents": weight * 1000,
            }  # fmt: skip

    def test_a_span_names_its_months_and_what_is_not_known_is_null(self, client: httpx.Client, as_a: Header) -> None:
        params = {"since": "2023-11-01", "until": "2024-01-31"}
        months = client.get(self.URL, headers=as_a, params=params).json()["months"]
        assert [(month["month_date"], month["ltv_cents"]) for month in months] == [
            ("2023-11-01", None), ("2023-12-01", None), ("2024-01-01", 1000),
        ]  # fmt: skip
