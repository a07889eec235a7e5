"""Paths, overlap and the budget's move, as two tenants see them."""

import pytest
import streamlit as st

from dashboards.formats import Language
from tekup.db import Database, Doors
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")
PATHS, BUDGET = 2, 3  # of the page's tables


def test_paths_are_shown_with_how_many_became_a_sale(two_tenants: TwoTenants) -> None:
    for tenant, scale in ((two_tenants.a, 1), (two_tenants.b, 3)):
        app = open_page(tenant, "attribution")
        table = app.table[PATHS].value
        assert table["Path"].iloc[0] == "Paid search → E\\-mail"
        assert table["Sales"].to_list() == [str(6 * scale), str(4 * scale), str(2 * scale)]
        assert table["Became a sale"].iloc[0] == "30.0%"
        assert f"Shown: {12 * scale} of {15 * scale} sales" in visible_text(app)


def test_a_channel_chooses_the_paths_through_it(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "attribution", query={"through": "referral", "steps": "2"})
    assert app.table[PATHS].value["Path"].to_list() == ["Paid search → E\\-mail → Referral"]
    app = open_page(two_tenants.a, "attribution", query={"through": "smoke signals", "steps": "99"})
    assert not app.exception
    assert len([box for box in app.warning if "does not exist" in box.value]) == 2
    assert len(app.table[PATHS].value) == 3


def test_the_budgets_move_has_an_expected_gain_with_its_interval(two_tenants: TwoTenants) -> None:
    tiles = []
    for tenant in (two_tenants.a, two_tenants.b):
        app = open_page(tenant, "attribution")
        tiles.append({metric.label: metric.value for metric in app.metric})
        split = app.table[BUDGET].value
        assert set(split["Channel"]) == {"Paid search", "E\\-mail"}
    ours, theirs = tiles
    assert ours["Spend a week now"] == "DKK\N{NO-BREAK SPACE}972"
    assert theirs["Spend a week now"] == "DKK\N{NO-BREAK SPACE}2,915"
    assert ours["Expected gain"].startswith("+DKK")
    assert ours["90% interval"].count("DKK") == 2
    assert ours["Expected gain"] != theirs["Expected gain"]


def test_another_budget_is_split_anew(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "attribution", query={"budget": "0.75"}, language=Language.DA)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Udgift pr. uge foreslået"] == "729\N{NO-BREAK SPACE}kr."


def test_without_weeks_the_page_says_what_is_missing(two_tenants: TwoTenants, doors: Doors) -> None:
    def rename(before: str, after: str) -> None:
        with doors.all_tenants_transaction(Database.WAREHOUSE, reason="no weeks") as connection:
            connection.execute("update marts.fct_attribution_daily set model = %s where model = %s", (after, before))
        st.cache_data.clear()

    rename("markov", "gone")
    try:
        app = open_page(two_tenants.a, "attribution")
        assert not app.exception
        assert "Two channels with spend in at least 12 weeks" in visible_text(app)
    finally:
        rename("gone", "markov")
