"""The rules of the next step: each fits where its sentence says, and every step has words."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.formats import Language
from dashboards.next_action import ACTIONS, choose_action, say_action

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "grade", "has_enough_data", "days", "action"),
    [
        ("new", "A", True, 1, "call_now"),
        ("new", "B", None, 5, "call"),
        ("new", "C", True, 1, "call"),
        ("new", "C", True, 15, "revive"),
        ("new", "E", True, 1, "nurture"),
        ("new", "A", False, 1, "look"),
        ("new", None, None, 1, "look"),
        ("contacted", "A", True, 3, "qualify"),
        ("contacted", "A", True, 20, "revive"),
        ("contacted", "D", True, 20, "qualify"),
        ("qualified", "E", False, 90, "propose"),
        ("won", "A", True, 1, "onboard"),
        ("lost", "A", True, 1, "none"),
    ],
)
def test_the_first_rule_that_fits_decides(
    status: str, grade: str | None, has_enough_data: bool | None, days: int, action: str
) -> None:
    assert choose_action(status, grade, has_enough_data, NOW - timedelta(days=days), NOW) == action


def test_every_step_is_said_in_both_languages() -> None:
    for action in ACTIONS:
        assert say_action(action, Language.DA) != say_action(action, Language.EN)
