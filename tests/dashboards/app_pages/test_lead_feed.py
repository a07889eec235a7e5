"""Leads that come in while the page is open, through the real API."""

from datetime import timedelta

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import api_client
from dashboards.formats import Language
from dashboards.session import SignedIn
from tekup.clock import utc_now
from tekup.db import Database, Doors, Role
from tests.dashboards.app_pages.opened import open_page, visible_text
from tests.dashboards.conftest import PASSWORD, number_events
from tests.fixtures.database import TwoTenants

NEWS = "Nyhed Nielsen"


def test_a_lead_shows_without_anybody_asking_and_to_nobody_else(
    as_anna: AppTest, anna: httpx.Client, two_tenants: TwoTenants, doors: Doors, api: str
) -> None:
    as_anna.session_state["language"] = Language.EN
    page = as_anna.switch_page("app_pages/leads.py").run()
    assert NEWS not in visible_text(page)
    made = anna.post("/v1/leads", json={"email": "nyhed@alfa.example", "full_name": NEWS, "source": "referral"}).json()
    try:
        number_events(doors)
        # what the browser's timer does every three seconds
        assert f"**{NEWS}** came in from Referral" in visible_text(page.run())
        anna.patch(
            f"/v1/leads/{made['id']}", json={"status": "contacted"}, headers={"if-match": "*"}
        ).raise_for_status()
        number_events(doors)
        said = visible_text(page.run())
        assert f"**{NEWS}** went from New to Contacted" in said
        assert said.index("went from") < said.index("came in from")
        grant = api_client.sign_in(api, "bo@beta.example", PASSWORD)
        other = open_page(two_tenants.b, "overview")
        other.session_state["signed_in"] = SignedIn(
            grant.tenant_id, grant.tenant_name, "bo@beta.example", grant.role, grant.scopes,
            utc_now() + timedelta(hours=1), grant.access_token,
        )  # fmt: skip
        theirs = visible_text(other.switch_page("app_pages/leads.py").run())
        assert "Right now" in theirs
        assert NEWS not in theirs
    finally:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
            connection.execute("delete from app.leads where id = %s", (made["id"],))


@pytest.mark.usefixtures("no_api")
def test_without_the_api_the_rest_of_the_page_stays(as_anna: AppTest) -> None:
    page = as_anna.switch_page("app_pages/leads.py").run()
    assert not page.exception
    assert [caption for caption in page.caption if "API" in caption.value]
    assert page.dataframe
