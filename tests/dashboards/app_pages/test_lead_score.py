"""How sure a lead's score is, what follows from it, its course, and the won leads that are alike."""

import math

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.dashboards.marts import lead_id
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def open_lead(two_tenants: TwoTenants, number: int, language: Language = Language.EN) -> AppTest:
    app = open_page(two_tenants.a, "leads", language=language)
    app.query_params["lead"] = str(lead_id(number))
    return app.run()


def test_the_list_tells_span_value_next_step_and_caveats(two_tenants: TwoTenants) -> None:
    listed = open_page(two_tenants.a, "leads").dataframe[0].value.set_index("name")
    sure, unsure = listed.loc["Alfa Person 1"], listed.loc["Alfa Person 2"]
    assert sure["span"] == "92% to 98%"
    assert sure["expected"] == "DKK\N{NO-BREAK SPACE}10"
    assert (sure["action"], sure["marks"]) == ("Clear up need and budget", "")
    assert unsure["marks"] == "Too little data · Unfamiliar"
    assert sure["probability"] > 90
    assert math.isnan(unsure["probability"]), "no number where it would be a guess"
    assert listed.loc["Alfa Person 0", "action"] == "Call today"


def test_the_list_can_be_ranked_by_expected_value(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    app.segmented_control(key="lead_order").set_value("expected_value").run()
    assert app.dataframe[0].value["name"].iloc[:2].to_list() == ["Alfa Person 7", "Alfa Person 0"]


def test_a_lead_tells_its_outlook_and_its_course(two_tenants: TwoTenants) -> None:
    app = open_lead(two_tenants, 1, Language.DA)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Ni af ti gange mellem"] == "92\N{NO-BREAK SPACE}% til 98\N{NO-BREAK SPACE}%"
    assert tiles["Ventet salg, hvis det vindes"] == "5.000\N{NO-BREAK SPACE}kr."
    assert tiles["Halvdelen er vundet efter"] == "21 dage"
    assert tiles["Næste skridt"] == "Afklar behov og budget"
    assert "Scorens vej" in visible_text(app)


def test_an_unsure_score_is_no_number_and_calls_nobody_first(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    keys = {button.key for button in app.button}
    assert {f"open_{lead_id(number)}" in keys for number in (0, 1)} == {True}
    assert f"open_{lead_id(2)}" not in keys
    tiles = {metric.label: metric.value for metric in open_lead(two_tenants, 2).metric}
    assert tiles["Probability"] == "Too little data"


def test_won_leads_that_share_most_come_first(two_tenants: TwoTenants) -> None:
    similar = open_lead(two_tenants, 1).dataframe[0].value
    assert similar["Name"].iloc[0] == "Alfa Person 9"
    rates = [int(rate.removesuffix("%")) for rate in similar["Shared traits"]]
    assert rates == sorted(rates, reverse=True)
    assert similar["Days to the sale"].iloc[0] == "12"


def test_a_dead_api_shuts_what_needs_it_and_nothing_else(
    two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEKUP_API_URL", "http://127.0.0.1:1")
    app = open_lead(two_tenants, 1)
    app.toggle(key=f"what_if_{lead_id(1)}").set_value(True).run()
    app.button(key=f"feedback_agree_{lead_id(1)}").click().run()
    assert len([box for box in app.info if box.value.startswith("TekUp's API does not answer")]) == 2
    assert not app.error
    assert app.title[0].value == "Alfa Person 1"
