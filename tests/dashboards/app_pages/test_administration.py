"""Administration and the own account: acting through the real API, by the scopes of the role alone."""

from dataclasses import replace

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from tests.dashboards.app_pages.opened import visible_text
from tests.dashboards.conftest import PASSWORD
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def open_part(app: AppTest, part: str) -> AppTest:
    app.switch_page("app_pages/administration.py").run()
    return app.segmented_control(key="admin_part").set_value(part).run()


def table(app: AppTest, column: str) -> dict[str, list[str]]:
    frame = next(frame.value for frame in [*app.dataframe, *app.table] if column in frame.value)
    return {name: list(frame[name]) for name in frame}


def test_users_are_listed_invited_and_taken_back(as_anna: AppTest, two_tenants: TwoTenants) -> None:
    app = open_part(as_anna, "users")
    users = table(app, "Second factor")
    assert users["E-mail"] == ["anna@alfa.example", "begge@example.dk"]
    assert "beta.example" not in visible_text(app)
    app.text_input(key="invite_email").set_value("ny@alfa.example")
    app.selectbox(key="invite_role").set_value("analyst")
    next(button for button in app.button if button.label == "Send invitation").click().run()
    assert app.success[0].value == "Done."
    assert table(app, "Expires")["E-mail"] == ["ny@alfa.example"]
    app.button(key="revoke_invitation").click().run()
    assert "No invitations wait." in visible_text(app)


def test_a_role_is_changed_and_put_back_and_nonsense_is_refused(as_anna: AppTest, anna: httpx.Client) -> None:
    user = next(one for one in anna.get("/v1/users").json()["items"] if one["email"] == "begge@example.dk")
    app = open_part(as_anna, "users")
    app.selectbox(key="admin_user").set_value(user["id"]).run()
    app.selectbox(key=f"role_of_{user['id']}").set_value("manager").run()
    app.button(key="change_role").click().run()
    try:
        assert anna.get(f"/v1/users/{user['id']}").json()["role"] == "manager"
    finally:
        anna.patch(f"/v1/users/{user['id']}", json={"role": user["role"]})
    app.text_input(key="invite_email").set_value("x")
    next(button for button in app.button if button.label == "Send invitation").click().run()
    assert "could not be done" in app.error[0].value


def test_a_token_is_shown_once_and_revoked(as_anna: AppTest, anna: httpx.Client) -> None:
    app = open_part(as_anna, "tokens")
    app.text_input(key="token_name").set_value("Regneark")
    app.multiselect(key="token_scopes").set_value(["kpis:read"])
    next(button for button in app.button if button.label == "Make the token").click().run()
    secret = app.code[0].value
    assert anna.get("/v1/tenant", headers={"authorization": f"Bearer {secret}"}).status_code == 200
    app.button(key="hide_secret").click().run()
    assert not app.code
    assert secret not in visible_text(app)
    listed = table(app, "Last used")
    assert (listed["Name"][0], listed["Status"][0]) == ("Regneark", "Live")
    app.button(key="revoke_token").click().run()
    assert table(app, "Last used")["Status"][0] == "Revoked"
    assert anna.get("/v1/tenant", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_who_may_do_what_is_told(as_anna: AppTest) -> None:
    app = open_part(as_anna, "roles")
    app.selectbox(key="scope").set_value("users:write").run()
    assert "anna@alfa.example" in table(app, "What")["Name"]
    assert "begge@example.dk" not in table(app, "What")["Name"]


def test_settings_are_saved(as_anna: AppTest, anna: httpx.Client) -> None:
    app = open_part(as_anna, "settings")
    app.selectbox(key="set_timezone").set_value("Europe/Oslo")
    next(button for button in app.button if button.label == "Save").click().run()
    try:
        assert anna.get("/v1/tenant").json()["settings"]["timezone"] == "Europe/Oslo"
    finally:
        anna.patch("/v1/tenant/settings", json={"timezone": "Europe/Copenhagen"})


def test_the_audit_trail_is_filtered(as_anna: AppTest) -> None:
    app = open_part(as_anna, "audit")
    assert table(app, "Action")["Action"]
    app.text_input(key="audit_action").set_value("user.sign_in").run()
    actions = [action for frame in app.dataframe if "Action" in frame.value for action in frame.value["Action"]]
    assert set(actions) <= {"user.sign_in"}
    app.text_input(key="audit_action").set_value("no such thing").run()
    assert "No entries match" in visible_text(app)


def test_an_erasure_asks_to_be_sure_and_an_export_is_followed(as_anna: AppTest) -> None:
    app = open_part(as_anna, "privacy")
    app.segmented_control(key="privacy_kind").set_value("erase")
    app.text_input(key="privacy_subject").set_value("ingen@alfa.example")
    next(button for button in app.button if button.label == "Make the request").click().run()
    assert "Confirm first" in visible_text(app)
    app.segmented_control(key="privacy_kind").set_value("export")
    next(button for button in app.button if button.label == "Make the request").click().run()
    assert table(app, "Rows so far")["What"][0] == "Export"


def test_every_part_speaks_danish_and_of_no_other_tenant(as_anna: AppTest) -> None:
    as_anna.segmented_control(key="language_switch").set_value(Language.DA).run()
    for part in ("users", "roles", "tokens", "connections", "settings", "audit", "privacy"):
        app = open_part(as_anna, part)
        assert not app.exception, part
        assert not app.error, part
        assert "Bravo" not in visible_text(app)
        assert app.title[0].value == "Hvem må hvad, og hvad er der sket?"


def test_parts_and_acts_follow_the_scopes(as_anna: AppTest) -> None:
    as_anna.session_state["signed_in"] = replace(
        as_anna.session_state["signed_in"], scopes=frozenset({"users:read", "roles:read"})
    )
    app = as_anna.switch_page("app_pages/administration.py").run()
    assert app.segmented_control(key="admin_part").options == ["Users", "Roles"]
    assert not [button for button in app.button if button.label == "Send invitation"]


def test_the_account_shows_sessions_and_begins_an_app(as_anna: AppTest) -> None:
    app = as_anna.switch_page("app_pages/account.py").run()
    assert "Yes" in table(app, "This one")["This one"]
    app.button(key="add_app").click().run()
    assert "otpauth://" in app.code[0].value
    app.text_input(key="totp_code").set_value("000000").run()
    app.button(key="confirm_app").click().run()
    assert "could not be done" in app.error[0].value


def test_a_fresh_proof_takes_the_place_of_the_session(as_anna: AppTest) -> None:
    app = open_part(as_anna, "tokens")
    before = app.session_state["signed_in"].access_token
    app.session_state["act_proof"] = True  # what the API's "proof-needed" sets
    app.run()
    assert "First show who you are" in visible_text(app)
    app.text_input(key="proof_password").set_value(PASSWORD)
    next(button for button in app.button if button.label == "Prove").click().run()
    assert "Do the same again" in app.success[0].value
    assert app.session_state["signed_in"].access_token != before
    assert "First show who you are" not in visible_text(app)


@pytest.mark.parametrize("page", ["administration", "account"])
def test_a_dead_api_is_told_in_words(as_anna: AppTest, no_api: None, page: str) -> None:
    app = as_anna.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception
    assert "can't be reached" in app.error[0].value
