"""Takes the pictures of docs/images from running dashboards. It starts and fills nothing."""

import argparse
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

from dashboards import navigation

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = tuple(page.name for page in navigation.PAGES)
SIZES = {"wide": (1440, 1000), "phone": (390, 844)}


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Sign in and wait for the first page's content."""
    page.goto(url)
    page.locator("input[autocomplete=username]").fill(email)
    page.locator("input[autocomplete=current-password]").fill(password)
    page.locator("[data-testid=stFormSubmitButton] button").click()
    page.locator("[data-testid=stMetric]").first.wait_for()


def wait_until_drawn(page: Page) -> None:
    """Wait until the app says that it is idle and no element is a leftover of the page before."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("() => document.querySelectorAll('[data-stale=true]').length === 0")
    page.wait_for_timeout(1500)


def take_all(url: str, email: str, password: str, folder: Path) -> None:
    """A picture of each page, wide and on a phone, and of the overview in the dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
            page = context.new_page()
            page.goto(url)
            page.locator("input[autocomplete=username]").wait_for()
            wait_until_drawn(page)
            page.screenshot(path=folder / f"sign_in-{size}.png")
            sign_in(page, url, email, password)
            for name in PAGES:
                _open_page(page, name)
                page.screenshot(path=folder / f"{name}-{size}.png")
                print(folder / f"{name}-{size}.png")
            if size == "wide":
                _open_page(page, "leads")
                page.locator("[data-testid=stMain] [data-testid=stColumn] [data-testid=stButton] button").first.click()
                page.locator("[data-testid=stVegaLiteChart]").first.wait_for()
                wait_until_drawn(page)
                page.screenshot(path=folder / "lead-wide.png")
                _open_page(page, "campaigns")
                page.get_by_role("radio", name="Experiments").click()
                page.get_by_role("combobox", name="Experiment").click()
                page.get_by_role("option").nth(1).click()
                wait_until_drawn(page)
                page.screenshot(path=folder / "experiment-wide.png")
            context.close()
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, locale="da-DK", color_scheme="dark")
        page = context.new_page()
        sign_in(page, url, email, password)
        wait_until_drawn(page)
        page.screenshot(path=folder / "overview-dark-danish.png")
        browser.close()


def _open_page(page: Page, name: str) -> None:
    link = page.locator(f"[data-testid=stSidebarNavLink][href$='/{name}']")
    if name == PAGES[0]:
        link = page.locator("[data-testid=stSidebarNavLink]").first
    if page.viewport_size and page.viewport_size["width"] < 700:
        _open_from_drawer(page, link)
    else:
        link.click()
    wait_until_drawn(page)


def _open_from_drawer(page: Page, link: Locator) -> None:
    """On a phone the navigation is a drawer over the page: open it, follow the link, close it."""
    opener = page.locator("[data-testid=stExpandSidebarButton]")
    if opener.is_visible():
        opener.click()
        page.wait_for_timeout(600)
    link.click()
    wait_until_drawn(page)
    closer = page.locator("[data-testid=stSidebarCollapseButton] button")
    if closer.is_visible() and not opener.is_visible():
        closer.click()
        page.wait_for_timeout(600)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8501")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "images")
    given = parser.parse_args()
    take_all(given.url, given.email, given.password, given.folder)
