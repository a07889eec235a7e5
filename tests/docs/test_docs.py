"""What the docs say is so: links lead somewhere, and every job, setting and command is told of."""

import re
from importlib.metadata import entry_points

import pytest

from tekup.settings import Settings
from tests.paths import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page) -> None:  # type: ignore[no-untyped-def]
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_setting_is_on_its_page() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in Settings.model_fields if f"TEKUP_{name.upper()}" not in text] == []


def test_every_stage_and_its_job_is_in_the_architecture() -> None:
    from pipelines.run.stages import STAGES

    text = (ROOT / "docs" / "architecture.md").read_text()
    assert [stage for stage in STAGES if f"| {stage.name} | `{stage.job}` |" not in text] == []


def test_every_command_is_told_of_somewhere() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    commands = {entry.name for entry in entry_points(group="tekup.commands")}
    assert [name for name in commands if not re.search(rf"tekup {name}\b", text)] == []


def test_make_words_in_the_docs_exist() -> None:
    words = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {w for page in PAGES for w in re.findall(r"`make ([a-z]+)`", page.read_text())}
    assert used - words == set()


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
