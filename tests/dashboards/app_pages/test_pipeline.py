"""The pipeline: its figures, and moving a deal through the real API."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.comparison import bound_rate
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")
_NBSP = "\N{NO-BREAK SPACE}"


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_tiles_tell_what_is_open_and_what_was_won(two_tenants: TwoTenants) -> None:
    assert tiles(open_page(two_tenants.b, "pipeline")) == {
        "Open deals": f"DKK{_NBSP}30,000",
        "Weighted value": f"DKK{_NBSP}6,000",
        "Win rate": "75%",
        "Days to win": "60",
    }


def test_stuck_deals_are_listed_and_others_not(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "pipeline")
    stuck = next(frame.value for frame in app.dataframe if "Why" in frame.value)
    assert list(zip(stuck["Deal"], stuck["Why"], strict=True)) == [
        ("Alfa late", "Past its expected day"),
        ("Alfa slow", "Long in its stage"),
    ]


def test_few_cases_are_told_and_a_source_narrows_the_funnel(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "pipeline", query={"source": "email", "months": "3", "segment": "amount"})
    assert "Only 4 cases" in "".join(box.value for box in app.warning)
    assert app.selectbox(key="pipeline_source").value == "email"
    assert app.segmented_control(key="pipeline_segment").value == "amount"


def test_a_share_of_few_cases_has_wide_bounds() -> None:
    assert bound_rate(0, 0) == (0.0, 1.0)
    low, high = bound_rate(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert bound_rate(10, 10)[1] == 1.0


def test_a_deal_is_moved_unless_somebody_else_moved_it_first(
    two_tenants: TwoTenants, as_anna: AppTest, anna: httpx.Client
) -> None:
    pipeline = anna.post("/v1/pipelines", json={"name": "Salg", "is_default": False}).json()["id"]
    stages = [
        anna.post("/v1/stages", json={"pipeline_id": pipeline, "name": name, "position": place, "probability": 0.3})
        .json()["id"]
        for place, name in enumerate(("Møde", "Tilbud"), start=1)
    ]  # fmt: skip
    deal = anna.post("/v1/deals", json={"name": "Ti *pladser*", "stage_id": stages[0]}).json()["id"]
    try:
        app = as_anna.switch_page("app_pages/pipeline.py").run()
        app.text_input(key="move_search").set_value("pladser").run()
        assert app.selectbox(key="move_deal").options == ["Ti *pladser*"]
        assert app.button(key=f"move_{stages[0]}").disabled
        app.button(key=f"move_{stages[1]}").click().run()
        assert any("was moved to Tilbud" in box.value for box in app.success)
        assert anna.get(f"/v1/deals/{deal}").json()["stage_id"] == stages[1]

        anna.patch(f"/v1/deals/{deal}", json={"name": "Ti pladser, dyrere"})
        app.button(key=f"move_{stages[0]}").click().run()
        assert any("Somebody else changed it" in box.value for box in app.warning)
        assert anna.get(f"/v1/deals/{deal}").json()["stage_id"] == stages[1]
    finally:
        anna.delete(f"/v1/deals/{deal}")
        for stage in stages:
            anna.delete(f"/v1/stages/{stage}")
        anna.delete(f"/v1/pipelines/{pipeline}")


def test_a_dead_api_leaves_the_figures(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "pipeline")
    assert tiles(app)["Win rate"] == "75%"
    assert "nothing can be seen or changed here" in visible_text(app)
