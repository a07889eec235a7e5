"""Campaigns and experiments: figures, verdicts in words, and steering an experiment through the real API."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from tekup.db import Database, Doors, Role
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.dashboards.marts import experiment_id
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def open_experiment(tenants: TwoTenants, key: str, language: Language = Language.EN) -> AppTest:
    return open_page(tenants.a, "campaigns", language=language, query={"part": "experiments", "experiment": key})


def test_campaigns_show_spend_pace_and_return(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "campaigns")
    assert tiles(app) == {"Spend in the period": "DKK\N{NO-BREAK SPACE}1,500", "Active campaigns": "2", "Off pace": "1"}
    listed = app.dataframe[0].value
    assert listed["Campaign"].to_list() == ["Alfa hurtig", "Alfa spring", "Alfa åben"]
    assert listed["Pace"].to_list() == ["Too fast: heading for DKK\N{NO-BREAK SPACE}1,800", "On track", "–"]
    assert listed["Return (ROAS)"].to_list() == ["–", "3.00", "–"]
    assert listed["Cost per lead"].to_list()[1] == "DKK\N{NO-BREAK SPACE}250"
    app.segmented_control(key="campaigns_days").set_value(30).run()
    assert tiles(app)["Spend in the period"] == "DKK\N{NO-BREAK SPACE}900"


@pytest.mark.parametrize(
    ("key", "english", "danish"),
    [
        ("short-form", "treatment is surely better", "treatment er sikkert bedre"),
        ("video", "Too few to say anything yet", "For få til at sige noget endnu"),
        ("price", "Do not trust the result", "Stol ikke på resultatet"),
        ("later", "Nobody has seen the experiment yet", "Ingen har set eksperimentet endnu"),
    ],
)
def test_each_experiment_says_what_is_sure(key: str, english: str, danish: str, two_tenants: TwoTenants) -> None:
    for language, words in ((Language.EN, english), (Language.DA, danish)):
        app = open_experiment(two_tenants, key, language)
        assert not app.exception
        assert words in visible_text(app)
        assert app.selectbox(key="experiment").value == key


def test_a_sure_experiment_is_plotted_with_its_bounds_and_guard_rails(two_tenants: TwoTenants) -> None:
    app = open_experiment(two_tenants, "short-form")
    assert len(app.get("vega_lite_chart")) == 2
    assert tiles(app)["Persons"] == "2,400"
    assert tiles(app)["Waiting"] == "800"
    assert tiles(app)["Split"] == "In order"
    table = app.table[0].value
    assert table["Control"].to_list()[0] == "10.0%"
    assert table["Variant now"].to_list()[0] == "20.0%"
    assert table["Guard rail"].to_list() == ["–", "–", "Holds"]
    assert tiles(open_experiment(two_tenants, "price"))["Split"] == "Off"


def test_the_sample_size_follows_the_effect(two_tenants: TwoTenants) -> None:
    app = open_experiment(two_tenants, "short-form")
    assert app.number_input(key="size_baseline").value == 10.0
    before = [box.value for box in app.markdown if "persons in all" in box.value]
    app.select_slider(key="size_effect").set_value(50).run()
    after = [box.value for box in app.markdown if "persons in all" in box.value]
    assert before
    assert before != after


def test_an_experiment_is_started_and_decided_through_the_api(
    as_anna: AppTest, anna: httpx.Client, doors: Doors, two_tenants: TwoTenants
) -> None:
    own = experiment_id(3)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, two_tenants.a.id) as connection:
        connection.execute(
            "insert into app.experiments (tenant_id, id, key, name, primary_metric, variants) values "
            "(%s, %s, 'later', 'Alfa later', 'lead_rate', '[{\"name\": \"control\"}, {\"name\": \"treatment\"}]')",
            (two_tenants.a.id, own),
        )
    try:
        as_anna.query_params["part"] = "experiments"
        as_anna.query_params["experiment"] = "later"
        app = as_anna.switch_page("app_pages/campaigns.py").run()
        if app.segmented_control(key="campaigns_part").value != "experiments":
            app.segmented_control(key="campaigns_part").set_value("experiments").run()
            app.selectbox(key="experiment").set_value("later").run()
        app.button(key="experiment_start").click().run()
        assert any("Running" in box.value for box in app.success)
        assert anna.get(f"/v1/experiments/{own}").json()["status"] == "running"
        app.button(key="experiment_decision_treatment").click().run()
        assert any("Decided: treatment" in box.value for box in app.success)
        assert anna.get(f"/v1/experiments/{own}").json()["decision"] == "treatment"
        assert not [button for button in app.button if str(button.key).startswith("experiment_")]
    finally:
        anna.delete(f"/v1/experiments/{own}")


def test_a_dead_api_leaves_the_verdict(two_tenants: TwoTenants, no_api: None) -> None:
    app = open_experiment(two_tenants, "short-form")
    assert "surely better" in visible_text(app)
    assert "nothing can be seen or changed here" in visible_text(app)
