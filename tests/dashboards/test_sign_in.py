"""Signing in to the dashboards against the real API: second factor, going on, ending, and a mail's link."""

import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pyotp
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from dashboards.session import SignedIn
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user, set_user_status
from tekup.settings import current_settings
from tests.dashboards.app_pages.opened import TIMEOUT, visible_text
from tests.dashboards.conftest import PASSWORD
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

EMAIL = "ida@alfa.example"


@pytest.fixture
def user(here: None, api: str, doors: Doors, two_tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A user's id; the dashboards of this process find the real API."""
    monkeypatch.setenv("TEKUP_API_URL", api)
    current_settings.cache_clear()
    user_id = create_user(doors, two_tenants.a.id, EMAIL, PASSWORD, role="manager")
    yield str(user_id)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


def open_app() -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboards" / "app.py"), default_timeout=TIMEOUT)
    app.session_state["language"] = Language.EN
    return app


def send_form(app: AppTest, *fields: tuple[str, str]) -> AppTest:
    for key, value in fields:
        app.text_input(key=key).set_value(value)
    return next(button for button in app.button if button.form_id).click().run()


def signed_in(app: AppTest) -> SignedIn | None:
    if "signed_in" not in app.session_state:
        return None
    found = app.session_state["signed_in"]
    assert isinstance(found, SignedIn)
    return found


def sign_in() -> AppTest:
    return send_form(open_app().run(), ("email", EMAIL), ("password", PASSWORD))


def test_a_second_factor_is_asked_for(user: str, api: str) -> None:
    form = {"grant_type": "password", "username": EMAIL, "password": PASSWORD}
    with httpx.Client(base_url=api, trust_env=False) as client:
        token = client.post("/v1/auth/token", data=form).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        secret = client.post("/v1/me/totp").json()["secret"]
        confirmed = client.post("/v1/me/totp/confirm", json={"code": pyotp.TOTP(secret).now()})
        recovery = confirmed.json()["codes"][0]
    app = sign_in()
    assert signed_in(app) is None
    app = send_form(app, ("code", "000000"))
    assert "The code is wrong" in visible_text(app)
    app = send_form(app, ("code", recovery))
    found = signed_in(app)
    assert found is not None
    assert (found.email, found.role) == (EMAIL, "manager")


def test_a_session_goes_on_before_its_token_expires(user: str) -> None:
    app = sign_in()
    before = signed_in(app)
    assert before is not None
    app.session_state["signed_in"] = SignedIn(
        before.tenant_id,
        before.tenant_name,
        before.email,
        before.role,
        before.scopes,
        utc_now() + timedelta(seconds=30),
        before.access_token,
        before.refresh_token,
    )
    after = signed_in(app.run())
    assert after is not None
    assert after.expires_at > utc_now() + timedelta(minutes=10)
    assert after.refresh_token != before.refresh_token
    assert "rt_" not in repr(after)


def test_a_disabled_user_is_out_at_his_next_step(user: str, doors: Doors, two_tenants: TwoTenants) -> None:
    app = sign_in()
    assert signed_in(app) is not None
    set_user_status(doors, two_tenants.a.id, EMAIL, "disabled")
    app.session_state["asked_at"] = 0.0
    time.sleep(1.1)
    assert signed_in(app.run()) is None
    assert "your session expired" in visible_text(app)


def test_signing_out_ends_the_session_at_the_api(user: str, api: str) -> None:
    app = sign_in()
    found = signed_in(app)
    assert found is not None
    app.button(key="sign_out").click().run()
    assert signed_in(app) is None
    header = {"authorization": f"Bearer {found.access_token}"}
    assert httpx.get(f"{api}/v1/tenant", headers=header, trust_env=False).status_code == 401


def test_a_link_that_is_over_is_told(user: str) -> None:
    app = open_app()
    app.query_params["password_reset"] = "pr_" + "A" * 86
    app = send_form(app.run(), ("new_password", "seven paper lanterns"))
    assert "the link is over" in visible_text(app)


def test_a_forgotten_password_is_asked_for_without_telling_who_has_an_account(user: str) -> None:
    app = open_app().run()
    app.button(key="forgot_password").click().run()
    app = send_form(app, ("reset_email", "nobody@alfa.example"))
    assert "If the e-mail belongs to an account" in visible_text(app)
