"""The language that a request asks for by its header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.kit.language import understand
from tekup.language import Language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("da", "da"),
        ("DA-dk", "da"),
        ("da-DK, da;q=0.9, en-US;q=0.8, en;q=0.7", "da"),
        ("en, da", "en"),
        ("da;q=0.4, en;q=0.6", "en"),
        ("fr-FR, da;q=0.1", "da"),
        ("fr, *;q=0.5", "en"),
        ("da;q=0", "en"),
        ("da ; Q=0.5 , fr", "da"),
        ("da;q=nan, en;q=much, da;q=7", "en"),
        ("dansk", "en"),
    ],
)
def test_the_language_that_it_likes_best_and_we_speak_is_chosen(header: str, language: str) -> None:
    assert understand(header) == language


@given(st.text(alphabet="daen*;,=q.0159- "))
def test_no_header_fails_a_request(header: str) -> None:
    assert isinstance(understand(header), Language)
