"""Reasons in words."""

import json

import pytest

from dashboards.formats import Language
from dashboards.reasons import read_reasons, say_feature


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


def test_reasons_come_weightiest_first_with_an_arrow() -> None:
    stored = json.dumps(
        [
            {"feature": "source", "value": "email", "contribution": 0.01},
            {"feature": "employee_count", "value": None, "contribution": -0.2},
        ]
    )
    assert [(reason.sign, reason.words) for reason in read_reasons(stored, Language.EN)] == [
        ("▼", "unknown employees"),
        ("▲", "Source: E-mail"),
    ]
    assert read_reasons(None, Language.DA) == []
