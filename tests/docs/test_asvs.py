"""The table of ASVS requirements names tests that exist, and gives a reason where it names none."""

import ast
import re
from functools import lru_cache

import pytest

from tests.paths import ROOT

TABLE = (ROOT / "docs" / "security" / "asvs.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([123]) \| ([a-z ]+) \| (.+) \|$", TABLE, re.MULTILINE)
COUNTS = {"6": 47, "7": 19, "8": 13, "9": 7, "10": 36}
"""How many requirements each chapter has in version 5.0.0."""


@lru_cache
def names_in(path: str) -> set[str]:
    """Names of the test functions in a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("number", "state", "shown"), [(number, state, shown) for number, _, state, shown in ROWS])
def test_every_test_that_is_named_exists(number: str, state: str, shown: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", shown)
    dead = [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert dead == []
    if state == "holds":
        assert named, f"{number} holds by no test"
    else:
        assert state in ("documented", "not applicable", "open")
        assert len(shown) > 5, f"{number} gives no reason"


def test_every_requirement_stands_there_once() -> None:
    numbers = [number for number, *_ in ROWS]
    assert len(numbers) == len(set(numbers)) == len(re.findall(r"^\| \d", TABLE, re.MULTILINE))
    found = {chapter: sum(number.split(".")[0] == chapter for number in numbers) for chapter in COUNTS}
    assert found == COUNTS
