"""What moved and why, what needs a look, and the way to the rows, as two tenants see them."""

from datetime import date, timedelta
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from tekup.db import Database, Doors
from tests.dashboards.app_pages.opened import open_app, open_page, visible_text
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def moves(app: AppTest) -> Any:
    return app.table[0].value


def links(app: AppTest) -> list[tuple[str, str]]:
    return [(link.proto.page, link.proto.query_string) for link in app.get("page_link")]


def test_a_change_is_split_by_channels_that_sum_to_it(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.b, "overview", query={"why": "won_lead_count"})
    table = moves(app)
    assert table["Source"].iloc[-1] == "Total"
    assert int(table["Now"].iloc[-1]) == 5
    parts = [float(value) for value in table["of it volume"][:-1]]
    assert abs(sum(parts) - float(table["of it volume"].iloc[-1])) < 0.11
    assert "moved most" in visible_text(app) or "Nothing changed" in visible_text(app)


def test_spend_and_value_are_the_tenants_own(two_tenants: TwoTenants) -> None:
    for tenant, scale in ((two_tenants.a, 1), (two_tenants.b, 3)):
        spend = moves(open_page(tenant, "overview", query={"why": "spend_cents"}))
        # of ten days with spend six lie in the last thirty days
        assert spend["Now"].iloc[-1] == f"DKK\N{NO-BREAK SPACE}{900 * scale:,}"
        assert spend["Before"].iloc[-1] == f"DKK\N{NO-BREAK SPACE}{600 * scale:,}"
        value = moves(open_page(tenant, "overview", query={"why": "won_value_cents"}))
        assert value["Now"].iloc[-1] == f"DKK\N{NO-BREAK SPACE}{50_000 * scale:,}"


def test_another_split_and_an_unknown_one(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "overview", query={"by": "industry"}, language=Language.DA)
    assert "Ukendt" in set(moves(app)["Branche"])
    app = open_page(two_tenants.a, "overview", query={"by": "shoe size", "why": "moon phase"})
    assert not app.exception
    assert len([box for box in app.warning if "does not exist" in box.value]) == 2
    assert moves(app)["Now"].iloc[-1] == "30"


def test_failing_checks_and_stale_sources_are_told_at_a_glance(two_tenants: TwoTenants) -> None:
    said = visible_text(open_page(two_tenants.a, "overview"))
    assert "**Checks that fail:** 1 (fresh\\_spend)" in said
    assert "**Stripe** can't be pulled: Alfa\\: key refused" in said
    assert "Bravo" not in said


def test_an_unusual_week_is_told_and_a_usual_one_is_not(two_tenants: TwoTenants, doors: Doors, today: date) -> None:
    def set_touches(count: int) -> str:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="an unusual week") as connection:
            connection.execute(
                "update marts.kpi_tenant_daily set touchpoint_count = %s where tenant_id = %s and kpi_date > %s",
                (count, two_tenants.a.id, today - timedelta(days=8)),
            )
        st.cache_data.clear()
        return visible_text(open_page(two_tenants.a, "overview"))

    try:
        assert "**Touchpoints**: 7,000 in seven days; usually between" in set_touches(1000)
        assert "**Touchpoints**" not in visible_text(open_page(two_tenants.b, "overview"))
    finally:
        said = set_touches(100)
    assert "**Touchpoints**" not in said


def test_figures_lead_to_their_rows(two_tenants: TwoTenants, today: date) -> None:
    found = links(open_page(two_tenants.a, "overview"))
    first = today - timedelta(days=29)
    queries = {query for _, query in found}
    assert f"moment=created&from={first}&to={today}&status=" in queries
    app = open_page(
        two_tenants.a,
        "leads",
        query={"moment": "created", "from": str(first), "to": str(today), "status": ""},
    )
    assert len(app.dataframe[0].value) == 30
    assert "30 of 30" in visible_text(app)


def test_no_link_leads_where_somebody_may_not_go(two_tenants: TwoTenants) -> None:
    app = open_app(two_tenants.a, scopes=("kpis:read",))
    assert not app.exception
    assert not [query for _, query in links(app) if "moment" in query]


def test_a_lead_filter_that_cannot_be_is_told_and_dropped(two_tenants: TwoTenants) -> None:
    app = open_page(
        two_tenants.a, "leads", query={"moment": "eaten", "from": "yesterday", "status": "asleep", "grade": "Z"}
    )
    assert not app.exception
    assert len([box for box in app.warning if "does not exist" in box.value]) == 4
    assert app.dataframe


def test_a_link_wins_over_what_was_chosen_before(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads", query={"grade": "B"})
    assert set(app.dataframe[0].value["grade"]) == {"B"}
    app.multiselect(key="lead_grades").set_value(["A"]).run()
    assert app.query_params["grade"] in ("A", ["A"])
    app.query_params["grade"] = "C"
    app.run()
    assert set(app.dataframe[0].value["grade"]) == {"C"}
    app.button(key="lead_clear").click().run()
    assert "grade" not in app.query_params
    assert set(app.dataframe[0].value["grade"]) > {"A", "B"}
