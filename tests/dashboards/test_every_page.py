"""Every page as a person sees it in a browser: wide and on a phone, light and dark, by two tenants, for every eye.

The pictures of `docs/images` are taken on the way, into the folder that TEKUP_PICTURES names (`make pictures`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.dashboards.browsing import (
    PAGES,
    PHONE,
    SLOW_MS,
    VIEWS,
    WIDE,
    find_barriers,
    find_overflow,
    main_of,
    open_view,
    sign_in,
    wait_until_drawn,
)

pytestmark = pytest.mark.browser
FAULTS = ("went wrong", "can't be reached", "have not been built", "took too long")


def _signed_in(browser: Browser, site: str, email: str) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE, locale="en-GB", color_scheme="light")
    context.set_default_timeout(SLOW_MS)
    page = context.new_page()
    sign_in(page, site, email)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    context.close()


@pytest.fixture(scope="module")
def anna(browser: Browser, site: str) -> Iterator[Page]:
    """Alfa's administrator, signed in."""
    yield from _signed_in(browser, site, "anna@alfa.example")


@pytest.fixture(scope="module")
def bo(browser: Browser, site: str) -> Iterator[Page]:
    """Bravo's administrator, signed in at the same server."""
    yield from _signed_in(browser, site, "bo@beta.example")


def _fit(page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.wait_for_timeout(300)  # the drawer slides
    wait_until_drawn(page)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go."""
    wanted = os.environ.get("TEKUP_PICTURES")
    return Path(wanted) if wanted else tmp_path_factory.mktemp("pictures")


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_is_read_by_everybody_on_every_screen(anna: Page, view: str, folder: Path) -> None:
    anna.emulate_media(color_scheme="light")
    _fit(anna, WIDE)
    open_view(anna, view)
    said = main_of(anna).inner_text()
    assert not [words for words in FAULTS if words in said]
    assert "Bravo" not in anna.content()
    anna.screenshot(path=folder / f"{view}-wide.png")
    found = {"wide": find_overflow(anna), "light": find_barriers(anna)}
    anna.emulate_media(color_scheme="dark")
    wait_until_drawn(anna)
    if view in PAGES:
        anna.screenshot(path=folder / f"{view}-dark.png")
    found["dark"] = find_barriers(anna)
    anna.emulate_media(color_scheme="light")
    _fit(anna, PHONE)
    if view in PAGES:
        anna.screenshot(path=folder / f"{view}-phone.png")
    found["phone"] = find_overflow(anna) + find_barriers(anna)
    assert not {where: what for where, what in found.items() if what}


@pytest.mark.parametrize("view", [view for view in VIEWS if view not in ("lead",)])
def test_a_page_shows_nothing_of_another_tenant_in_the_same_servers_cache(bo: Page, view: str) -> None:
    open_view(bo, view)
    assert "Alfa" not in bo.content()
    assert "Bravo" in bo.content()
