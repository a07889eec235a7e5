"""What a person sees in a real browser: sign in, read each page, export, sign out; and never another tenant's rows."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.dashboards.conftest import PASSWORD
from tests.dashboards.processes import Service, free_port
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SLOW_MS = 60_000
CHARTS = "[data-testid=stVegaLiteChart]:not([data-testid=stMetric] *)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site(api: str, environment: dict[str, str], two_tenants: TwoTenants) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py", "--server.address", "127.0.0.1"]
    found = {**environment, "TEKUP_API_URL": api}
    with Service([*command, "--server.port", str(port)], found, f"http://127.0.0.1:{port}/_stcore/health", ROOT):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="en-GB")
    context.set_default_timeout(SLOW_MS)
    expect.set_options(timeout=SLOW_MS)
    yield context.new_page()
    context.close()


def sign_in(page: Page, site: str, email: str, path: str = "") -> None:
    page.goto(f"{site}/{path}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def open_page(page: Page, name: str) -> None:
    page.locator("[data-testid=stSidebarNav]").get_by_role("link", name=name).click()


def expect_bars(page: Page, number: int, count: int) -> None:
    """Wait until the chart of that number shows at least ``count`` bars that have a width and a height."""
    page.locator(CHARTS).nth(number).scroll_into_view_if_needed()
    page.wait_for_function(
        """([charts, number, count]) => {
            const chart = document.querySelectorAll(charts)[number];
            const bars = chart ? [...chart.querySelectorAll('svg .mark-rect path')] : [];
            const seen = bars.map(bar => bar.getBoundingClientRect()).filter(box => box.width > 1 && box.height > 1);
            return seen.length >= count;
        }""",
        arg=[CHARTS, number, count],
        timeout=SLOW_MS,
    )


def test_a_manager_signs_in_reads_every_page_and_signs_out(page: Page, site: str) -> None:
    sign_in(page, site, "anna@alfa.example")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    tile = page.locator("[data-testid=stMetric]").filter(has_text="New leads")
    expect(tile).to_contain_text("300")
    expect(tile).to_contain_text("+100%")
    expect_bars(page, 0, 30)
    expect_bars(page, 1, 30)

    open_page(page, "Leads")
    expect(page.get_by_role("heading", name="Whom should you call first?")).to_be_visible()
    expect(page.get_by_text("Asks about price").first).to_be_visible()
    table = page.locator("[data-testid=stDataFrame]")
    expect(table.get_by_text("Alfa Person 0", exact=True)).to_be_attached()
    expect(table.get_by_text("▼ Asks about price · ▲ Source: Paid search").first).to_be_attached()

    open_page(page, "Attribution")
    expect(page.get_by_role("heading", name="Which channels earn the money?")).to_be_visible()
    expect_bars(page, 0, 12)
    expect(page.get_by_text("Paid search → E-mail").first).to_be_visible()

    open_page(page, "Models")
    expect(page.get_by_role("heading", name="Can you trust the scores?")).to_be_visible()
    expect(page.get_by_role("heading", name="Do the probabilities hold?")).to_be_visible()
    page.wait_for_function(
        "charts => document.querySelectorAll(`${charts} svg .mark-line path`).length >= 4", arg=CHARTS, timeout=SLOW_MS
    )

    open_page(page, "Data health")
    expect(page.get_by_text("1 of 2 checks pass.")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator("[data-testid=stSidebarNav]")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("Alfa")  # what stood there goes once the page was drawn anew


def test_another_tenants_rows_are_in_no_page_and_no_export(page: Page, site: str) -> None:
    sign_in(page, site, "bo@beta.example")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    for name, heading in (
        ("Leads", "Whom should you call first?"),
        ("Attribution", "Which channels earn the money?"),
        ("Models", "Can you trust the scores?"),
        ("Data health", "Can you trust the figures?"),
    ):
        open_page(page, name)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        assert "Alfa" not in page.content()
    open_page(page, "Leads")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download as CSV", exact=True).click()
    written = Path(caught.value.path()).read_text(encoding="utf-8-sig")
    assert "Bravo Person 0" in written
    assert "Alfa" not in written
    assert "'=SUM(1)" in written


def test_a_link_to_a_lead_survives_the_sign_in_on_a_phone(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, site, "anna@alfa.example", "leads?lead=00000000-0000-0000-0000-00005eed0001")
    expect(page.get_by_role("heading", name="Alfa Person 1")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_a_wrong_password_stays_outside_and_danish_is_spoken(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_text("Dansk").click()
    expect(page.get_by_role("heading", name="Log ind på TekUp")).to_be_visible()
    page.get_by_label("E-mail").fill("anna@alfa.example")
    page.get_by_label("Adgangskode", exact=True).fill("forkert adgangskode")
    page.get_by_role("button", name="Log ind").click()
    expect(page.get_by_text("E-mail eller adgangskode er forkert.")).to_be_visible()
