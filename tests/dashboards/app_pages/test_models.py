"""The page on models: versions, quality, curves, drift and groups, and what it says where there is too little."""

from collections.abc import Iterator

import pytest
import streamlit as st

from dashboards.formats import Language
from dashboards.queries import fct_model_drift
from scoring import drift
from tekup.db import Database, Doors
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.dashboards.marts import fill_versions
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def test_versions_are_listed_with_who_made_them_live(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models")
    versions, promotions = app.dataframe[0].value, app.dataframe[1].value
    assert versions["Version"].to_list() == ["v1", "v0"]
    assert versions["Standing"].to_list() == ["Live", "–"]
    assert versions["Quality measure"][0] == (
        "Ranking (ROC AUC) 0.8123 · Log loss 0.4123 · Calibration error (ECE) 0.0123"
    )
    assert versions["Why"][0] == "log loss -0.0100"
    assert promotions[["What was done", "Version", "By"]].iloc[0].to_list() == ["Promoted", "v1", "karen"]


def test_the_live_version_is_shown_in_depth_in_both_languages(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models", language=Language.DA)
    assert app.selectbox(key="model_version_lead_score").value == "v1"
    assert len(app.get("vega_lite_chart")) == 4
    assert app.table[0].value["Holdt tilbage"].to_list() == ["0,8000", "0,4000"]
    assert app.table[0].value["På udfald"].to_list() == ["0,7900", "0,3900"]
    said = visible_text(app)
    assert "De bedste 20\N{NO-BREAK SPACE}% af listen giver 50\N{NO-BREAK SPACE}% af salgene." in said
    assert "Seen." in said


def test_drift_names_what_changed_and_since_when(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models")
    assert [box.value for box in app.warning if box.value.startswith("Leads have changed")]
    looked = app.dataframe[2].value
    assert looked[["What", "Changed"]].to_numpy().tolist() == [["Source: …", "Yes"], ["… employees", "No"]]


def test_a_group_out_of_line_is_marked_and_comes_first(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.b, "models")
    groups = app.dataframe[3].value
    assert groups["Group"].to_list() == ["Industry: Bravo trade", "Source: E-mail"]
    assert groups["Out of line"].to_list() == ["Yes", "No"]
    assert groups["Gap"][0] == "-10.0 ± 5.0"
    assert [box.value for box in app.warning if box.value.startswith("Groups out of line: 1.")]


def test_an_old_version_without_curves_or_looks_says_so(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models")
    app.selectbox(key="model_version_lead_score").set_value("v0").run()
    told = [box.value for box in app.info]
    assert len([words for words in told if words.startswith("Too few leads with a known outcome")]) == 2
    assert [words for words in told if words.startswith("Nothing was looked at yet")]
    assert [words for words in told if words.startswith("Too few leads in the groups")]


def test_a_kind_without_a_model_says_when_it_comes(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models")
    app.segmented_control(key="model_kind").set_value("deal_value").run()
    assert app.info[0].value.startswith("No model of this kind yet.")
    assert not app.exception


@pytest.fixture
def no_versions(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="no model yet") as connection:
        connection.execute("delete from ml.model_version")
    st.cache_data.clear()
    yield
    with doors.all_tenants_transaction(Database.WAREHOUSE, reason="no model yet") as connection:
        connection.execute("delete from ml.model_version")
        fill_versions(connection)


@pytest.mark.usefixtures("no_versions")
def test_before_the_first_training_the_page_is_calm(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "models")
    assert app.info[0].value.startswith("No model of this kind yet.")


def test_the_line_of_alarm_is_the_detectors() -> None:
    assert fct_model_drift.ALARMS_FROM == drift.RUN_LENGTH
