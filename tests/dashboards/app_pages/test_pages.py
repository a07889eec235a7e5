"""Each page as two tenants see it, in both languages, and what it says when there is nothing or something is wrong."""

import pytest
import streamlit as st

from dashboards import navigation
from dashboards.formats import Language
from tekup.db import Database, Doors
from tekup.directory.roles import BUILT_IN
from tekup.directory.tenants import Tenant, create_tenant
from tekup.settings import current_settings
from tests.dashboards.app_pages.opened import open_app, open_page, visible_text
from tests.dashboards.marts import CHANNELS, lead_id
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")

ACTING = ("administration", "account")
"""Pages that read nothing but the API; they have tests of their own."""
PAGES = tuple(page.name for page in navigation.PAGES if page.name not in ACTING)


@pytest.fixture(scope="module")
def newcomer(doors: Doors, two_tenants: TwoTenants) -> Tenant:
    return create_tenant(doors, "Ny Start", "ny.dashboards.example")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", list(Language))
def test_a_page_shows_its_tenant_and_no_other(page: str, language: Language, two_tenants: TwoTenants) -> None:
    for tenant, other in ((two_tenants.a, two_tenants.b), (two_tenants.b, two_tenants.a)):
        app = open_page(tenant, page, language=language)
        said = visible_text(app)
        assert not app.exception
        assert not [box.value for box in app.error if "went wrong" in box.value or "gik galt" in box.value]
        assert tenant.name.split()[0] in said
        assert other.name.split()[0] not in said


@pytest.mark.parametrize("page", PAGES)
def test_a_tenant_without_data_is_told_what_to_do(page: str, newcomer: Tenant) -> None:
    app = open_page(newcomer, page)
    assert not app.exception
    assert not [box for box in app.error if "API can't be reached" not in box.value]
    assert app.info


def test_overview_compares_with_the_period_before(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "overview", language=Language.DA)
    tiles = {metric.label: metric for metric in app.metric}
    assert tiles["Nye leads"].value == "300"
    assert tiles["Nye leads"].delta == "+100\N{NO-BREAK SPACE}%"
    assert tiles["Vundet værdi"].value == "75.000\N{NO-BREAK SPACE}kr."
    assert len(app.get("vega_lite_chart")) == 2


def test_overview_shows_the_last_month_that_has_ended(two_tenants: TwoTenants) -> None:
    tiles = {metric.label: metric.value for metric in open_page(two_tenants.b, "overview").metric}
    assert tiles["Net revenue retention"] == "103%"
    assert tiles["Gross revenue retention"] == "90%"
    assert tiles["Logo churn"] == "5%"
    assert tiles["Lifetime value"] == "DKK\N{NO-BREAK SPACE}30,000"


def test_another_period_changes_the_tiles(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "overview")
    app.segmented_control(key="period").set_value(7).run()
    assert {metric.label: metric.value for metric in app.metric}["New leads"] == "70"


def test_leads_are_ranked_with_reasons_in_words(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    listed = app.dataframe[0].value
    assert listed["name"][0] == "Alfa Person 0"
    assert "▼ Does not mention price" not in listed["reasons"][0]
    assert listed["reasons"][0] == "▼ Asks about price · ▲ Source: Paid search"
    assert "Won" not in set(listed["status"])


def test_filters_narrow_the_list_and_none_left_is_said(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    app.multiselect(key="lead_grades").set_value(["B"]).run()
    assert set(app.dataframe[0].value["grade"]) == {"B"}
    app.text_input(key="lead_search").set_value("nobody of this name").run()
    assert not app.dataframe
    assert "No leads match" in app.info[0].value


def test_a_lead_opens_with_its_timeline_and_closes_again(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    app.button(key=f"open_{lead_id(1)}").click().run()
    assert app.title[0].value == "Alfa Person 1"
    assert app.query_params["lead"] == str(lead_id(1))
    assert len(app.get("vega_lite_chart")) == 2
    app.button(key="all_leads").click().run()
    assert app.dataframe[0].value["name"][0] == "Alfa Person 0"


@pytest.mark.parametrize("asked", ["nonsense", "00000000-0000-0000-0000-000000000009", "' or 1=1"])
def test_a_wrong_lead_in_the_address_is_said_not_to_exist(asked: str, two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    app.query_params["lead"] = asked
    app.run()
    assert app.info[0].value == "There is no such lead."


def test_attribution_compares_the_chosen_models(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "attribution")
    assert len(app.get("vega_lite_chart")) == 4
    table = app.table[0].value
    assert len(table) == len(CHANNELS) + 1
    assert table["Value"].iloc[-1] == "DKK\N{NO-BREAK SPACE}32,000"
    app.selectbox(key="credit_model").set_value("first").run()
    assert app.table[0].value["Sales"].iloc[-1] == "24.0"


def test_attribution_opens_a_channels_campaigns(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.b, "attribution")
    app.selectbox(key="credit_channel").set_value("referral").run()
    table = app.table[1].value
    assert table["Campaign"].to_list() == ["Bravo autumn", "(no campaign)", "Bravo spring"]
    assert table["Cost per lead"].to_list() == ["–", "–", "DKK\N{NO-BREAK SPACE}250"]


def test_intervals_are_told_where_there_are_any(two_tenants: TwoTenants, doors: Doors) -> None:
    def intervals() -> list[str]:
        return list(open_page(two_tenants.a, "attribution").table[0].value["95% interval"])

    assert set(intervals()) == {"–"}
    bounds = (
        "update marts.fct_attribution_credit set conversions_low = %s, conversions_high = %s where currency = 'DKK'"
    )
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="bounds on purpose") as connection:
        connection.execute("update marts.fct_attribution_credit set channel = channel || '2' where currency = 'EUR'")
        connection.execute(bounds, (1.25, 3.5))
    st.cache_data.clear()
    try:
        assert "1.2 – 3.5" in intervals()
    finally:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="bounds on purpose") as connection:
            connection.execute("update marts.fct_attribution_credit set channel = rtrim(channel, '2')")
            connection.execute(bounds, (None, None))


def test_no_model_chosen_asks_for_one(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "attribution")
    app.pills(key="models").set_value([]).run()
    assert "Choose at least one model." in [box.value for box in app.info]


def test_data_health_shows_failing_runs_and_checks(two_tenants: TwoTenants) -> None:
    said = visible_text(open_page(two_tenants.a, "data_health"))
    assert "fresh_spend" in said
    assert "unique_lead" not in said
    assert "1 of 2 checks pass." in said
    assert "Data quality" in said
    assert "-kampagne" in said


def test_figures_that_fail_a_check_carry_a_warning(two_tenants: TwoTenants, doors: Doors) -> None:
    def fail(severity: str, is_blocking: bool) -> list[str]:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="a failing check") as connection:
            connection.execute(
                "update ops.check_result set severity = %s, is_blocking = %s "
                "where check_name = 'fresh_spend' and tenant_id = %s",
                (severity, is_blocking, two_tenants.a.id),
            )
        st.cache_data.clear()
        return [box.value for page in ("overview", "attribution") for box in open_page(two_tenants.a, page).warning]

    try:
        assert not [words for words in fail("warn", False) if "checks of your data" in words]
        assert len([words for words in fail("error", False) if "may be wrong" in words]) == 2
        assert len([words for words in fail("error", True) if "last data that were in order" in words]) == 2
    finally:
        fail("warn", False)


def test_a_dead_database_is_told_in_words(two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEKUP_WAREHOUSE_URL", "postgresql://nobody@127.0.0.1:1/none")
    current_settings.cache_clear()
    for page in PAGES:
        app = open_page(two_tenants.a, page)
        assert not app.exception
        assert "database can't be reached" in app.error[0].value


def test_a_fault_of_the_program_is_a_number_here_and_a_traceback_in_the_log(
    two_tenants: TwoTenants, doors: Doors, capfd: pytest.CaptureFixture[str]
) -> None:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="a fault on purpose") as connection:
        connection.execute("revoke select on marts.fct_attribution_credit from tekup_reader")
    try:
        app = open_page(two_tenants.a, "attribution")
    finally:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="a fault on purpose") as connection:
            connection.execute("grant select on marts.fct_attribution_credit to tekup_reader")
    assert not app.exception
    assert "Something went wrong" in app.error[0].value
    reference = next(caption.value.split()[2] for caption in app.caption if caption.value.startswith("Give number"))
    logged = capfd.readouterr().err
    assert reference in logged
    assert "Traceback" in logged


def test_an_analyst_sees_leads_and_not_who_they_are(two_tenants: TwoTenants) -> None:
    analyst = tuple(BUILT_IN["analyst"].scopes)
    named = visible_text(open_page(two_tenants.a, "leads"))
    app = open_app(two_tenants.a, scopes=analyst).switch_page("app_pages/leads.py").run()
    assert not app.exception
    said = visible_text(app)
    assert "Alfa Person" in named
    assert "Alfa Person" not in said
    assert "@" not in said
    assert len(app.dataframe[0].value) > 10
