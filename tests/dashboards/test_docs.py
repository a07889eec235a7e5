"""The users' page names every page and every fault that the dashboards can show."""

import pytest

from dashboards.texts import TEXTS
from tests.paths import ROOT

DOCUMENT = (ROOT / "docs" / "dashboards.md").read_text()


@pytest.mark.parametrize("page", [path.stem for path in (ROOT / "dashboards" / "app_pages").glob("*.py")])
def test_every_page_is_described(page: str) -> None:
    title = TEXTS.get(f"page_{page}")
    assert title is None or f"### {title[1]}" in DOCUMENT


@pytest.mark.parametrize(
    "words", ["have not been built", "database can't be reached", "API can't be reached", "took too long", "went wrong"]
)
def test_every_fault_is_described(words: str) -> None:
    assert words in DOCUMENT
    assert any(words in english for key, (_, english) in TEXTS.items() if key.startswith("fault_"))
