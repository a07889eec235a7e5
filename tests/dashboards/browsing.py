"""A browser on the dashboards: sign in, go from page to page, wait until one is drawn, and ask axe. Asserts nothing."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, ViewportSize, expect

from dashboards import navigation
from dashboards.formats import Language
from dashboards.texts import text
from tests.dashboards.conftest import PASSWORD

SLOW_MS = 60_000
WIDE: ViewportSize = {"width": 1440, "height": 1200}
PHONE: ViewportSize = {"width": 390, "height": 844}
CHARTS = "[data-testid=stVegaLiteChart]:not([data-testid=stMetric] *)"
SERIOUS = ("serious", "critical")
PAGES = tuple(page.name for page in navigation.PAGES)
VIEWS: dict[str, tuple[str, str | None]] = {
    **{name: (name, None) for name in PAGES},
    "lead": ("leads", None),
    "experiments": ("campaigns", "part_experiments"),
}
"""What there is to see: a page, and the part of it that is chosen first where it has several."""


def sign_in(page: Page, site: str, email: str, path: str = "") -> None:
    """Fill the form in English and send it; whatever comes next is not waited for."""
    page.goto(f"{site}/{path}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def open_page(page: Page, name: str) -> None:
    """Follow the link of that name in the navigation, which a phone keeps in a drawer."""
    opener = page.get_by_test_id("stExpandSidebarButton")
    if opener.is_visible():
        opener.click()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()


def open_view(page: Page, view: str, language: Language = Language.EN) -> None:
    """Go to one of `VIEWS` and wait until it is drawn."""
    name, part = VIEWS[view]
    open_page(page, text(f"page_{name}", language))
    if name != PAGES[0]:
        page.wait_for_url(f"**/{name}*")
    wait_until_drawn(page)
    if part is not None:
        page.get_by_test_id("stMain").get_by_role("radio", name=text(part, language), exact=True).click()
        wait_until_drawn(page)
    if view == "lead":
        # the lists of filters have buttons of this name as well
        page.get_by_test_id("stButton").get_by_role(
            "button", name=text("open_lead", language), exact=True
        ).first.click()
        expect(page.get_by_role("button", name=text("all_leads", language))).to_be_visible(timeout=SLOW_MS)
        wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    """Wait until the app has been idle for half a second, nothing is left of the page before, and charts are drawn."""
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid=stApp]');
            const left = ['stMain] [data-stale=true', 'stSkeleton', 'stStatusWidget'];
            const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart]')];
            const idle = app?.dataset.testScriptState === 'notRunning'
                && !left.some(one => document.querySelector(`[data-testid=${one}]`))
                && charts.every(one => one.querySelector('svg')) && document.querySelector('[data-testid=stMain] h1');
            if (!idle) window.idleSince = undefined;
            else window.idleSince ??= performance.now();
            return idle && performance.now() - window.idleSince > 500;
        }""",
        timeout=SLOW_MS,
    )


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


def main_of(page: Page) -> Locator:
    """The page without the navigation."""
    return page.get_by_test_id("stMain")


def find_barriers(page: Page) -> list[str]:
    """axe's serious and critical findings, each with the first places where it was found."""
    page.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}, {len(one['nodes'])}x): "
        + " | ".join(
            f"{' '.join(map(str, node['target']))} {' '.join(node['html'].split())[:160]} "
            f"[{(node.get('any') or node.get('all') or node.get('none') or [{'message': ''}])[0]['message'][:140]}]"
            for node in one["nodes"][:3]
        )
        for one in found["violations"]
        if one["impact"] in SERIOUS
    ]


def find_overflow(page: Page) -> list[str]:
    """What makes the page wider than its window; tables and charts may scroll inside their own frame."""
    found: list[str] = page.evaluate(
        """() => {
            const main = document.querySelector('[data-testid=stMain]');
            const inner = main.scrollWidth - main.clientWidth + innerWidth;
            const widest = Math.max(document.documentElement.scrollWidth, inner);
            if (widest <= innerWidth + 1) return [];
            return [...main.querySelectorAll('*')]
                .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
                .slice(0, 4)
                .map(one => `${one.dataset.testid || one.tagName}: ${one.textContent.slice(0, 40)}`);
        }"""
    )
    return found
