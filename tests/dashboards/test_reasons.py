"""Stored reasons in words."""

import json

from dashboards.formats import Language
from dashboards.reasons import read_reasons


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
