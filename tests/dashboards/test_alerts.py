"""What is unusual against a tenant's own weeks, and what is not."""

from datetime import date, timedelta

import polars as pl
import pytest

from dashboards.alerts import find_unusual, first_day

UNTIL = date(2026, 11, 28)


def days(weeks: list[int], measure: str = "new_lead_count") -> pl.DataFrame:
    """Weeks from the newest, each told as seven equal days."""
    values = [week // 7 for week in weeks for _ in range(7)]
    return pl.DataFrame(
        {"kpi_date": [UNTIL - timedelta(days=back) for back in range(len(values))], measure: values},
        schema={"kpi_date": pl.Date, measure: pl.Int64},
    ).vstack(
        pl.DataFrame(
            {"kpi_date": [UNTIL - timedelta(days=len(values))], measure: [0]}, schema_overrides={"kpi_date": pl.Date}
        )
    )


def test_a_week_like_the_others_is_usual() -> None:
    assert find_unusual(days([70, 63, 77, 70, 84, 56, 70, 77, 63, 70]), UNTIL, ("new_lead_count",)) == []


@pytest.mark.parametrize(("newest", "is_bad"), [(7, True), (280, False)])
def test_a_week_far_off_is_told_with_its_usual_span(newest: int, is_bad: bool) -> None:
    [found] = find_unusual(days([newest, 63, 77, 70, 84, 56, 70, 77, 63, 70]), UNTIL, ("new_lead_count",))
    assert (found.value, found.is_bad) == (newest, is_bad)
    assert 40 < found.low < 70 < found.high < 100


def test_too_short_a_history_says_nothing() -> None:
    assert find_unusual(days([700, 70, 70, 70, 70, 70, 70, 70]), UNTIL, ("new_lead_count",)) == []


def test_rare_events_are_not_unusual_for_being_rare() -> None:
    frame = days([0] * 12, "won_lead_count").with_columns(
        won_lead_count=pl.when(pl.col("kpi_date") == UNTIL).then(2).otherwise(0)
    )
    assert find_unusual(frame, UNTIL, ("won_lead_count",)) == []


def test_of_a_level_its_change_is_what_counts() -> None:
    back = range(7 * 12 + 1)
    steady = [1_000_000_00 - 1000_00 * day for day in back]
    frame = pl.DataFrame({"kpi_date": [UNTIL - timedelta(days=day) for day in back], "mrr_cents": steady})
    assert find_unusual(frame, UNTIL, ("mrr_cents",)) == []
    fallen = frame.with_columns(
        mrr_cents=pl.when(pl.col("kpi_date") == UNTIL).then(500_000_00).otherwise(pl.col("mrr_cents"))
    )
    [found] = find_unusual(fallen, UNTIL, ("mrr_cents",))
    assert found.is_bad
    assert found.value == 500_000_00 - (1_000_000_00 - 7 * 1000_00)


def test_the_farthest_comes_first_and_old_weeks_are_left_out() -> None:
    frame = days([280, *([70] * 40)]).with_columns(won_lead_count=pl.col("new_lead_count") * 3)
    found = find_unusual(frame, UNTIL, ("new_lead_count", "won_lead_count"))
    assert [one.measure for one in found] == ["won_lead_count", "new_lead_count"]
    assert first_day(UNTIL) == UNTIL - timedelta(days=189)
