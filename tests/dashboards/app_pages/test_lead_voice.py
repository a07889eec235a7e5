"""Asking what would change a score and saying whether it is right, through the real API with a real model."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.api_client import sign_in
from dashboards.formats import Language
from dashboards.session import SignedIn
from scoring.registry import Registry
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.settings import Settings, current_settings
from tests.dashboards.app_pages.opened import TIMEOUT, visible_text
from tests.dashboards.conftest import PASSWORD
from tests.dashboards.marts import lead_id
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT
from tests.serving.world import train_model

LEAD = lead_id(1)
FEATURES = {
    "source": "paid_search",
    "country": "DK",
    "employee_count": 20,
    "message_length": 100,
    "has_email": True,
    "win_rate_so_far": 0.3,
}


@pytest.fixture(scope="module")
def model(settings: Settings, two_tenants: TwoTenants) -> str:
    """A real model, live at the API."""
    registry = Registry(settings.models_of("lead_score"))
    version = registry.publish(train_model(1, [two_tenants.a.id, two_tenants.b.id]))
    registry.promote(version, by="tests")
    return version


@pytest.fixture
def scored_lead(
    here: None, api: str, model: str, doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Both tenants' lead 1 in the CRM and with its kept score; the dashboards of this process find the real API."""
    monkeypatch.setenv("TEKUP_API_URL", api)
    current_settings.cache_clear()
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            connection.execute(
                "insert into app.leads (tenant_id, id, email, source, status) "
                "values (%s, %s, 'p1@alfa.example', 'paid_search', 'new')",
                (tenant.id, LEAD),
            )
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, two_tenants.a.id) as connection:
        connection.execute(
            "insert into ml.lead_score_input (tenant_id, lead_id, input_hash, features) values (%s, %s, 7, %s)",
            (two_tenants.a.id, LEAD, json.dumps(FEATURES)),
        )
        connection.execute(
            "insert into ml.lead_score_history (tenant_id, lead_id, model_version, probability, grade, input_hash, "
            "scored_at) values (%s, %s, %s, 0.5, 'B', 7, now())",
            (two_tenants.a.id, LEAD, model),
        )
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, tenant.id) as connection:
            connection.execute("delete from app.lead_feedback where tenant_id = %s", (tenant.id,))
            connection.execute("delete from app.leads where tenant_id = %s", (tenant.id,))
        with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant.id) as connection:
            connection.execute("delete from ml.lead_score_input where tenant_id = %s", (tenant.id,))
            connection.execute("delete from ml.lead_score_history where tenant_id = %s", (tenant.id,))


def open_lead(api: str, email: str, *, without: str | None = None) -> AppTest:
    grant = sign_in(api, email, PASSWORD)
    app = AppTest.from_file(str(ROOT / "dashboards" / "app.py"), default_timeout=TIMEOUT)
    app.session_state["language"] = Language.EN
    app.session_state["signed_in"] = SignedIn(
        grant.tenant_id, grant.tenant_name, email, grant.role, grant.scopes - {without},
        utc_now() + timedelta(hours=1), grant.access_token, grant.refresh_token,
    )  # fmt: skip
    app.run()
    app.switch_page("app_pages/leads.py").run()
    app.query_params["lead"] = str(LEAD)
    return app.run()


@pytest.mark.usefixtures("scored_lead")
def test_a_word_with_its_reason_is_kept_by_the_api_and_shown(api: str, doors: Doors, two_tenants: TwoTenants) -> None:
    app = open_lead(api, "anna@alfa.example")
    app.text_input(key=f"feedback_comment_{LEAD}").set_value("  asked for a *price*  ")
    app.button(key=f"feedback_too_low_{LEAD}").click().run()
    assert "Thank you. Your answer is kept." in [box.value for box in app.success]
    assert "**The lead is better**" in visible_text(app)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, two_tenants.a.id) as connection:
        kept = connection.execute("select lead_id, verdict, comment from app.lead_feedback").fetchall()
    assert kept == [(LEAD, "too_low", "asked for a *price*")]
    theirs = open_lead(api, "bo@beta.example")
    theirs.button(key=f"feedback_earlier_{LEAD}").click().run()
    assert "Nobody has answered yet." in visible_text(theirs)


@pytest.mark.usefixtures("scored_lead")
def test_a_slider_moves_the_score_as_the_model_says(api: str) -> None:
    app = open_lead(api, "anna@alfa.example")
    app.toggle(key=f"what_if_{LEAD}").set_value(True).run()
    tiles = {metric.label: metric for metric in app.metric}
    assert tiles["Now"].value == tiles["With the changes"].value.split(" · ")[0]
    assert not tiles["With the changes"].delta
    app.slider(key=f"try_employee_count_{LEAD}").set_value(180).run()
    app.selectbox(key=f"try_source_{LEAD}").set_value("referral").run()
    tried = {metric.label: metric for metric in app.metric}
    assert tried["Now"].value == tiles["Now"].value
    assert tried["With the changes"].delta.startswith("+")
    assert tried["With the changes"].delta.endswith("percentage points")


@pytest.mark.usefixtures("scored_lead")
def test_a_lead_without_kept_inputs_says_when_they_come(api: str) -> None:
    app = open_lead(api, "bo@beta.example")
    app.toggle(key=f"what_if_{LEAD}").set_value(True).run()
    assert [box for box in app.info if "no kept inputs yet" in box.value]


@pytest.mark.usefixtures("scored_lead")
@pytest.mark.parametrize(("scope", "key"), [("leads:write", "feedback_agree"), ("scores:write", "what_if")])
def test_who_may_not_has_no_button(api: str, scope: str, key: str) -> None:
    app = open_lead(api, "anna@alfa.example", without=scope)
    assert f"{key}_{LEAD}" not in {element.key for element in [*app.button, *app.toggle]}
    assert "Your role can read scores but not try or judge them." in visible_text(app)
