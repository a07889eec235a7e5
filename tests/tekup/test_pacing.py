"""The pace of a budget: against its time, and what it is heading for."""

from datetime import date

import pytest

from tekup.pacing import pace_of

FIRST, LAST, MIDDLE = date(2026, 1, 1), date(2026, 1, 10), date(2026, 1, 5)


@pytest.mark.parametrize(
    ("spent", "verdict", "expected"),
    [(500, "on_track", 1_000), (600, "too_fast", 1_200), (400, "too_slow", 800), (1_001, "overspent", 2_002)],
)
def test_half_the_time_asks_for_half_the_budget(spent: int, verdict: str, expected: int) -> None:
    pace = pace_of(1_000, spent, FIRST, LAST, MIDDLE)
    assert pace is not None
    assert (pace.verdict, pace.expected_cents, pace.time_rate) == (verdict, expected, 0.5)


def test_without_a_budget_there_is_no_pace_and_without_days_only_too_much_is_told() -> None:
    assert pace_of(None, 5, FIRST, LAST, MIDDLE) is None
    assert pace_of(0, 5, FIRST, LAST, MIDDLE) is None
    told = [pace_of(100, spent, FIRST, None, MIDDLE) for spent in (5, 101)]
    assert [pace.verdict for pace in told if pace] == ["unknown", "overspent"]
    early = pace_of(100, 0, LAST, LAST, FIRST)
    assert early is not None
    assert (early.verdict, early.time_rate) == ("unknown", 0.0)


def test_after_the_end_all_of_it_should_be_spent() -> None:
    pace = pace_of(1_000, 700, FIRST, LAST, date(2026, 3, 1))
    assert pace is not None
    assert (pace.verdict, pace.expected_cents) == ("too_slow", 700)
