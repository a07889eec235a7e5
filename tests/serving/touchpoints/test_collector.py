"""The script in a real browser: nothing before consent, a visit after it, nothing left once it is taken back."""

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tekup.db import Database, Doors, Role
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def site(
    tmp_path: Path, client: httpx.Client, filled: TwoTenants, token_of: Callable[..., dict[str, str]]
) -> Iterator[str]:
    """A web page with the script on it."""
    token = token_of(filled.a, "touchpoints:write", "exposures:write")["authorization"].removeprefix("Bearer ")
    api = str(client.base_url).rstrip("/")
    (tmp_path / "index.html").write_text(
        f'<!doctype html><script src="{api}/v1/touchpoints/collector.js" data-token="{token}"></script><h1>Shop</h1>'
    )

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_nothing_is_sent_before_consent_and_nothing_stays_after_it_is_taken_back(
    site: str, client: httpx.Client, doors: Doors, filled: TwoTenants, as_a: dict[str, str]
) -> None:
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    def stored() -> list[tuple[str, str, str]]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            return connection.execute(
                "select anonymous_id, utm_source, kind from app.touchpoints order by created_at"
            ).fetchall()

    def exposed() -> list[tuple[str, str]]:
        with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
            return connection.execute("select anonymous_id, variant from app.experiment_exposures").fetchall()

    experiment = client.post(
        "/v1/experiments", headers=as_a, json={"key": "pris", "name": "Pris", "primary_metric": "lead_rate"}
    ).json()["id"]
    client.post(f"/v1/experiments/{experiment}/start", headers=as_a)
    with sync_playwright() as playwright:
        # the page and the API stand on two ports: what CORS allows is another test's affair
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-web-security"]
        )
        page = browser.new_page(
            user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
        )
        page.goto(f"{site}/index.html?utm_source=nyhedsbrev&utm_medium=email")
        assert page.evaluate("tekup.track('click')") is False
        assert page.evaluate("tekup.visitor()") is None
        assert page.evaluate("tekup.variant('pris')") is None
        assert page.evaluate("localStorage.length") == 0
        assert stored() == []
        assert page.evaluate("tekup.consent(true)") is True
        visitor = page.evaluate("tekup.visitor()")
        assert page.evaluate("tekup.track('click', {channel: 'email'})") is True
        assert stored() == [(visitor, "nyhedsbrev", "visit"), (visitor, "nyhedsbrev", "click")]
        seen = page.evaluate("tekup.variant('pris')")
        assert seen in ("control", "treatment")
        assert page.evaluate("tekup.variant('no-such')") is None
        assert exposed() == [(visitor, seen)]
        assert page.evaluate("tekup.consent(false)") is False
        assert page.evaluate("localStorage.getItem('tekup_visitor')") is None
        assert page.evaluate("tekup.track('click')") is False
        assert len(stored()) == 2
        browser.close()
    with doors.tenant_transaction(Database.OPERATIONAL, Role.OWNER, filled.a.id) as connection:
        connection.execute("delete from app.touchpoints")
        connection.execute("delete from app.experiments")
