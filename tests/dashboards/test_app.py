"""The frame: who gets in, how long, which pages, which language, and that nothing outlives a session."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from tekup.settings import current_settings
from tests.dashboards.app_pages.opened import open_app, open_page, visible_text
from tests.dashboards.conftest import PASSWORD
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def fill_in(app: AppTest, email: str, password: str) -> AppTest:
    app.text_input(key="email").set_value(email)
    app.text_input(key="password").set_value(password)
    return app.button[0].click().run()


@pytest.fixture
def reached_api(api: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEKUP_API_URL", api)
    current_settings.cache_clear()
    return api


def test_nobody_sees_data_before_signing_in(two_tenants: TwoTenants) -> None:
    app = open_app(None)
    assert app.title[0].value == "Sign in to TekUp"
    assert not app.metric
    assert not app.dataframe


def test_a_user_signs_in_sees_his_tenant_and_signs_out(reached_api: str, two_tenants: TwoTenants) -> None:
    app = fill_in(open_app(None), "anna@alfa.example", PASSWORD)
    assert app.title[0].value == "Overview"
    assert "Alfa ApS" in visible_text(app)
    app.button(key="sign_out").click().run()
    assert app.title[0].value == "Sign in to TekUp"
    assert "signed_in" not in app.session_state


def test_a_wrong_password_is_refused(reached_api: str, two_tenants: TwoTenants) -> None:
    app = fill_in(open_app(None), "anna@alfa.example", "not the password")
    assert "Wrong e-mail or password" in app.error[0].value
    assert "signed_in" not in app.session_state


def test_empty_fields_are_asked_for(two_tenants: TwoTenants) -> None:
    app = fill_in(open_app(None), "", "")
    assert app.warning[0].value == "Write both e-mail and password."


def test_a_user_of_several_tenants_chooses_one(reached_api: str, two_tenants: TwoTenants) -> None:
    app = fill_in(open_app(None), "begge@example.dk", PASSWORD)
    assert app.radio(key="tenant_choice").options == ["Alfa ApS", "Bravo ApS"]
    app.radio(key="tenant_choice").set_value(app.radio(key="tenant_choice").options[1])
    app.button[0].click().run()
    assert app.session_state["signed_in"].tenant_id == two_tenants.b.id
    assert PASSWORD not in str(app.session_state)


def test_a_dead_api_is_told_in_words(two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEKUP_API_URL", "http://127.0.0.1:1")
    current_settings.cache_clear()
    app = fill_in(open_app(None), "anna@alfa.example", PASSWORD)
    assert not app.exception
    assert "API can't be reached" in app.error[0].value


def test_an_expired_session_ends_and_says_so(two_tenants: TwoTenants) -> None:
    app = open_app(two_tenants.a, lasts=timedelta(seconds=-1))
    assert "session expired" in app.info[0].value
    assert "signed_in" not in app.session_state


def test_scopes_decide_which_pages_exist(two_tenants: TwoTenants) -> None:
    app = open_app(two_tenants.a, scopes=("leads:read",))
    assert app.title[0].value == "Whom should you call first?"
    with pytest.raises(ValueError, match="attribution"):
        app.switch_page("app_pages/attribution.py")


def test_no_scope_is_told_and_signing_out_still_works(two_tenants: TwoTenants) -> None:
    app = open_app(two_tenants.a, scopes=())
    assert "opens no page" in app.warning[0].value
    app.button(key="sign_out").click().run()
    assert app.title[0].value == "Sign in to TekUp"


def test_the_language_switch_changes_the_pages_words(two_tenants: TwoTenants) -> None:
    app = open_app(two_tenants.a, language=Language.EN)
    app.segmented_control(key="language_switch").set_value(Language.DA).run()
    assert app.title[0].value == "Overblik"


def test_a_filter_does_not_outlive_the_session(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "leads")
    app.text_input(key="lead_search").set_value("Alfa Person 7").run()
    app.button(key="sign_out").click().run()
    assert "Alfa Person 7" not in str(app.session_state)
