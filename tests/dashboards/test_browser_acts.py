"""What a person does in a real browser: a second factor, acts, files, filters in the address, and all by keyboard."""

import io
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tekup.db import Database, Doors, Role
from tekup.directory.users import create_user
from tests.dashboards.browsing import PHONE, SLOW_MS, WIDE, main_of, open_page, sign_in, wait_until_drawn
from tests.dashboards.conftest import PASSWORD
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.browser
EMAIL = "mfa@alfa.example"
_SEEN_FOCUS = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one), around = getComputedStyle(one.parentElement);
    const framed = [style, around].some(found => found.outlineStyle !== 'none' || found.boxShadow !== 'none');
    return [one.getAttribute('aria-label') || one.innerText || one.closest('label')?.innerText || one.tagName, framed];
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE, locale="en-GB")
    context.set_default_timeout(SLOW_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def newcomer(doors: Doors, two_tenants: TwoTenants) -> Iterator[str]:
    user_id = create_user(doors, two_tenants.a.id, EMAIL, PASSWORD, role="manager")
    yield EMAIL
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute("delete from app.users where id = %s", (user_id,))


def test_an_app_is_added_by_its_picture_and_asked_for_at_the_next_sign_in(page: Page, site: str, newcomer: str) -> None:
    sign_in(page, site, newcomer)
    open_page(page, "My account")
    page.get_by_role("button", name="Add an app").click()
    image = page.get_by_test_id("stImage").locator("img")
    expect(image).to_be_visible()
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(image.screenshot())))
    assert found, "no camera could read the code"
    app = pyotp.parse_uri(found[0].text)
    assert isinstance(app, pyotp.TOTP)
    assert app.name == newcomer
    page.get_by_label("Code of the app").fill(app.now())
    page.get_by_role("button", name="Confirm").click()
    codes = page.get_by_test_id("stCode").first
    expect(codes).to_be_visible()
    recovery = codes.inner_text().split()[0]
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, site, newcomer)
    code = page.get_by_role("textbox", name="Code", exact=False)
    expect(code).to_be_visible()
    assert "Alfa" not in page.content()
    code.fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("The code is wrong")).to_be_visible()
    code.fill(recovery)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_an_administrator_invites_somebody_and_takes_it_back(page: Page, site: str) -> None:
    sign_in(page, site, "anna@alfa.example")
    open_page(page, "Administration")
    page.get_by_label("E-mail").fill("ny@alfa.example")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text("Done.")).to_be_visible()
    expect(page.get_by_test_id("stTable").get_by_text("ny@alfa.example")).to_be_visible()
    page.get_by_role("button", name="Take the invitation back").click()
    expect(page.get_by_text("No invitations wait.")).to_be_visible()


def test_files_hold_the_own_tenants_rows_alone(page: Page, site: str) -> None:
    sign_in(page, site, "bo@beta.example")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    for name, button, wanted in (
        ("Pipeline", 0, "Bravo late"),
        ("Revenue", 1, "Bravo Plus"),
        ("Campaigns and experiments", 0, "Bravo spring"),
    ):
        open_page(page, name)
        for kind in ("CSV", "Excel"):
            with page.expect_download() as caught:
                page.get_by_role("button", name=f"Download as {kind}", exact=True).nth(button).click()
            written = Path(caught.value.path()).read_bytes()
            if kind == "CSV":
                said = written.decode("utf-8-sig")
                assert wanted in said
                assert "Alfa" not in said
            else:
                assert written.startswith(b"PK")


def test_a_wrong_filter_in_the_address_is_told_and_dropped_on_a_phone(page: Page, site: str) -> None:
    page.set_viewport_size(PHONE)
    sign_in(page, site, "bo@beta.example", "revenue?months=99&currency=GBP%27--")
    expect(page.get_by_role("heading", name="What stays every month?")).to_be_visible()
    expect(main_of(page).get_by_text("months = 99, which does not exist")).to_be_visible()
    wait_until_drawn(page)
    assert "months=99" not in page.url
    assert "GBP" not in page.url


def test_the_keyboard_reaches_menu_and_page_and_shows_where_it_is(page: Page, site: str) -> None:
    sign_in(page, site, "anna@alfa.example")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    wait_until_drawn(page)
    wanted = {"7 days", "Leads", "Revenue", "My account", "Sign out"}
    visited: dict[str, bool] = {}
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(_SEEN_FOCUS)
        if found is not None:
            visited.setdefault(found[0].split("\n")[-1].strip(), found[1])
        if wanted <= set(visited):
            break
    assert not wanted - set(visited)
    assert not [name for name, framed in visited.items() if not framed]
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Pipeline").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is on its way in?")).to_be_visible()
