"""Whether a budget is spent as fast as its time passes. Where budgets and spend are kept is not known here."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

SLACK = 0.15
"""So far, as a part of what should be spent by now, a campaign may be off and still be on its way."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``spent_rate`` of the budget and ``time_rate`` of the time; ``expected_cents`` at the end if it goes on so."""

    spent_rate: float
    time_rate: float | None
    expected_cents: int | None
    verdict: Literal["on_track", "too_fast", "too_slow", "overspent", "unknown"]


def pace_of(
    budget_cents: int | None, spent_cents: int, first: date | None, last: date | None, today: date
) -> Pace | None:
    """How a budget goes; None without one. Without both days only an overspent budget is told.

    >>> pace_of(100_00, 60_00, date(2026, 1, 1), date(2026, 1, 10), date(2026, 1, 5)).verdict
    'too_fast'
    """
    if not budget_cents:
        return None
    spent = spent_cents / budget_cents
    if first is None or last is None:
        return Pace(spent, None, None, "overspent" if spent > 1 else "unknown")
    days, passed = (last - first).days + 1, (min(today, last) - first).days + 1
    if passed <= 0:
        return Pace(spent, 0.0, None, "overspent" if spent > 1 else "unknown")
    time = passed / days
    expected = round(spent_cents / time)
    if spent > 1:
        verdict: Literal["on_track", "too_fast", "too_slow", "overspent", "unknown"] = "overspent"
    else:
        verdict = "too_fast" if spent > time * (1 + SLACK) else "too_slow" if spent < time * (1 - SLACK) else "on_track"
    return Pace(spent, time, expected, verdict)
