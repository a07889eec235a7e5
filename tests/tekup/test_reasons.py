"""Features and reasons as people say them."""

import doctest

import pytest

from tekup import reasons
from tekup.language import Language
from tekup.reasons import say_feature, say_reason


@pytest.mark.parametrize(
    ("feature", "value", "danish", "english"),
    [
        ("source", "paid_search", "Kilde: Betalt søgning", "Source: Paid search"),
        ("employee_count", "1200.0", "1.200 ansatte", "1,200 employees"),
        ("has_price_words", "true", "Spørger til pris", "Asks about price"),
        ("has_price_words", 0, "Nævner ikke pris", "Does not mention price"),
        (
            "win_rate_so_far",
            "0.125",
            "Kildens vinderrate hidtil: 12,5\N{NO-BREAK SPACE}%",
            "The source's win rate so far: 12.5%",
        ),
        ("created_weekday", "3.0", "Kom på en onsdag", "Came on a Wednesday"),
        ("landing_page", "/priser", "Landede på /priser", "Landed on /priser"),
        ("country", None, "Land: ukendt", "Country: unknown"),
        ("brand_new_feature", "x", "Brand new feature: x", "Brand new feature: x"),
    ],
)
def test_features_are_said_in_both_languages(feature: str, value: object, danish: str, english: str) -> None:
    assert say_feature(feature, value, Language.DA) == danish
    assert say_feature(feature, value, Language.EN) == english


def test_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(reasons)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("contribution", "danish", "english"),
    [
        (
            0.12,
            "Kilde: Henvisning: hæver chancen med 12,0 procentpoint.",
            "Source: Referral: raises the chance by 12.0 percentage points.",
        ),
        (
            -0.005,
            "Kilde: Henvisning: sænker chancen med 0,5 procentpoint.",
            "Source: Referral: lowers the chance by 0.5 percentage points.",
        ),
    ],
)
def test_reason_is_a_sentence_in_percentage_points(contribution: float, danish: str, english: str) -> None:
    assert say_reason("source", "referral", contribution, Language.DA) == danish
    assert say_reason("source", "referral", contribution, Language.EN) == english
