"""The examples in docstrings and on the documentation page are run as they stand."""

import doctest
import importlib
import pkgutil

import pytest

import attribution
from tests.paths import ROOT

MODULES = sorted(module.name for module in pkgutil.iter_modules(attribution.__path__, "attribution."))
PUBLIC = [name for name in attribution.__all__ if callable(getattr(attribution, name)) and name[0].islower()]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_public_function_shows_an_example_or_names_its_columns(name: str) -> None:
    text = getattr(attribution, name).__doc__ or ""
    assert ">>>" in text, f"{name} has no example"


def test_page_examples_hold_and_name_every_model() -> None:
    page = ROOT / "docs" / "attribution.md"
    outcome = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert outcome.attempted > 10
    assert outcome.failed == 0
    text = page.read_text(encoding="utf-8")
    assert [name for name in attribution.MODELS if f"`{name}`" not in text] == []
