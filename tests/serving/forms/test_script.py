"""The form's script in a real browser, on another site, with what browsers forbid left on."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from tests.serving.automation.conftest import Header, post
from tests.serving.forms.test_endpoints import FORM, FORMS, submissions

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_person_fills_a_form_in(site: str, tmp_path: Path, client: httpx.Client, as_a: Header) -> None:
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    form = post(client, as_a, FORMS, **{**FORM, "origins": [site], "work_bits": 8})
    api = str(client.base_url).rstrip("/")
    (tmp_path / "index.html").write_text(
        f'<!doctype html><head><script src="{api}/v1/public/forms/form.js" data-form="{form["public_key"]}" defer>'
        "</script></head><body><h1>Bageri</h1></body>"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(
            user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
        )
        page.goto(f"{site}/index.html?utm_source=nyhedsbrev")
        page.fill("[name=mail]", "ida@forms.example")
        page.fill("[name=telefon]", "ring")
        page.check("[name='consent:news']")
        page.click("[type=submit]")
        page.wait_for_selector("[role=alert]")
        page.fill("[name=telefon]", "71934826")
        page.select_option("[name=emne]", "Hjælp")
        page.click("[type=submit]")
        page.wait_for_selector("text=Tak!")
        browser.close()
    (stored,) = submissions(client, as_a)
    assert (stored["verdict"], stored["answers"]) == ("accepted", {"telefon": "71934826", "emne": "Hjælp"})
    assert stored["consents"][0]["is_given"] is True
    assert client.get(f"/v1/leads/{stored['lead_id']}", headers=as_a).json()["email"] == "ida@forms.example"
