"""Every sentence exists in both languages with the same gaps, is used, and is there when a page asks for it."""

import ast
from string import Formatter

import pytest

from dashboards import texts, vocabulary
from dashboards.formats import Language
from dashboards.texts import TEXTS, text
from tekup import reasons
from tests.paths import ROOT

BEGINNINGS = (
    "pace_", "metric_", "role_", "status_",
    "audit_", "cohort_", "definition_", "measure_", "move_", "page_",
    "part_", "privacy_kind_", "privacy_state_", "sales_see_", "section_", "segment_", "severity_",
    "step_", "token_kind_", "user_status_",
)  # fmt: skip
"""Of sentences that are asked for by a name put together, such as a measure's."""
SOURCES = {path: path.read_text() for path in (ROOT / "dashboards").rglob("*.py")}


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_the_same(key: str) -> None:
    danish, english = TEXTS[key]
    assert danish.strip()
    assert english.strip()
    assert gaps(danish) == gaps(english)


@pytest.mark.parametrize(
    "words", [value for value in vars(vocabulary).values() if isinstance(value, dict)] + [reasons.FEATURES]
)
def test_words_have_both_languages(words: object) -> None:
    if not isinstance(words, dict) or not all(isinstance(pair, tuple) for pair in words.values()):
        return
    for danish, english in words.values():
        assert danish
        assert english
        assert gaps(danish) == gaps(english)


def test_no_file_says_another_files_key_otherwise() -> None:
    for file in texts._FILES:
        assert not [key for key, pair in file.TEXTS.items() if TEXTS[key] != pair], file.__name__


def asked_keys() -> set[str]:
    """Keys written as a literal in a call of text() or show_empty()."""
    found: set[str] = set()
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("text", "show_empty")
            ):
                found |= {
                    leaf.value
                    for leaf in ast.walk(node.args[0])
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                }
    return found


def test_no_two_files_use_a_key_for_two_sentences() -> None:
    said = [(key, pair) for file in texts._FILES for key, pair in file.TEXTS.items()]
    assert [(key, pair) for key, pair in said if TEXTS[key] != pair] == []


def test_every_asked_sentence_exists() -> None:
    missing = {key for key in asked_keys() if key not in TEXTS and key not in BEGINNINGS}
    assert not missing


def test_no_sentence_is_left_unused() -> None:
    said = {
        leaf.value
        for path, source in SOURCES.items()
        if path.parent.name != "texts"
        for leaf in ast.walk(ast.parse(source))
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    }
    assert not [key for key in TEXTS if key not in said and not key.startswith(BEGINNINGS)]


def test_an_unknown_key_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        text("no such sentence", Language.EN)
