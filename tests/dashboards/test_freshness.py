"""States of a source."""

from datetime import timedelta

import pytest

from dashboards.freshness import COLORS, ICONS, LATE_AFTER, Freshness, judge
from tekup.clock import utc_now


@pytest.mark.parametrize(
    ("status", "age", "state"),
    [
        ("succeeded", LATE_AFTER, Freshness.FRESH),
        ("succeeded", LATE_AFTER + timedelta(seconds=1), Freshness.LATE),
        ("running", timedelta(0), Freshness.FRESH),
        ("running", None, Freshness.NEVER),
        ("failed", timedelta(0), Freshness.FAILING),
    ],
)
def test_a_source_is_judged_by_its_last_success_and_latest_run(
    status: str, age: timedelta | None, state: Freshness
) -> None:
    now = utc_now()
    assert judge(status, None if age is None else now - age, now) is state


def test_each_state_has_its_own_colour_and_icon() -> None:
    assert len(set(COLORS.values())) == len(set(ICONS.values())) == len(Freshness)
