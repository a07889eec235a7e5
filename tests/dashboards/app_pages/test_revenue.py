"""Revenue: figures by currency, the forecast and what is told where there is too little."""

import pytest

from dashboards.forecast import project
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")
_NBSP = "\N{NO-BREAK SPACE}"


def test_the_running_revenue_is_told_by_currency(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.b, "revenue")
    assert app.metric[0].label == "MRR (DKK)"
    assert app.metric[0].value == f"DKK{_NBSP}30,000"
    assert len(app.get("vega_lite_chart")) == 5
    app.segmented_control(key="revenue_currency").set_value("EUR").run()
    assert app.metric[0].label == "MRR (EUR)"
    assert app.query_params["currency"] == "EUR"
    assert "needs at least seven whole months" in visible_text(app)


def test_churn_names_customers_reasons_and_too_little_history(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "revenue")
    risky = next(frame.value for frame in app.dataframe if "MRR at risk" in frame.value)
    assert list(risky["Customer"]) == ["kunde@alfa.example", "cus_1"]
    assert risky["Reasons" if "Reasons" in risky else "Top reasons"][0].startswith("▲")
    assert "0.3 are expected to end" in visible_text(app)
    assert "1 of them have too little history" in visible_text(app)


def test_a_steady_level_goes_on_and_a_noisy_one_opens_its_interval() -> None:
    steady = project([100.0 + 10 * month for month in range(8)], 2)
    assert [(one.value, one.low, one.high) for one in steady] == [(180.0, 180.0, 180.0), (190.0, 190.0, 190.0)]
    noisy = project([100, 120, 90, 130, 95, 125, 100, 130], 3)
    widths = [one.high - one.low for one in noisy]
    assert widths == sorted(widths)
    assert widths[0] > 0
    assert project([100.0] * 6, 3) == []
    assert min(one.low for one in project([90, 70, 60, 40, 30, 20, 5], 6)) == 0
