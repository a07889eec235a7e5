"""Tenants' words in Markdown."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dashboards.markdown import plain


@given(st.text())
def test_no_sign_is_left_bare_and_no_line_begins(value: str) -> None:
    made = plain(value)
    assert "\n" not in made
    assert not re.search(r"(?<!\\)[*_`\[\]<$!:|]", re.sub(r"\\\\", "", made))


def test_letters_are_left_alone() -> None:
    assert plain("Åse Bæk 7") == "Åse Bæk 7"
    assert plain(None) == ""
