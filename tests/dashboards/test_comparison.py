"""A period beside the one before."""

from datetime import date, timedelta

import polars as pl

from dashboards.comparison import compare

LAST = date(2026, 11, 20)


def days(values: dict[int, int], measure: str = "new_lead_count") -> pl.DataFrame:
    """A frame whose keys are days before LAST."""
    return pl.DataFrame(
        {"kpi_date": [LAST - timedelta(days=back) for back in values], measure: list(values.values())},
        schema={"kpi_date": pl.Date, measure: pl.Int64},
    )


def test_sums_are_compared_and_missing_days_are_zero() -> None:
    moved = compare(days({0: 6, 1: 0, 2: 6, 5: 8}), "new_lead_count", LAST, 3)
    assert (moved.value, moved.change, moved.daily) == (12, 0.5, [6.0, 0.0, 6.0])


def test_an_earlier_period_that_is_not_fully_known_is_not_compared() -> None:
    assert compare(days({0: 6, 3: 6}), "new_lead_count", LAST, 3).change is None


def test_zero_before_is_not_compared() -> None:
    assert compare(days({0: 6, 5: 0}), "new_lead_count", LAST, 3).change is None


def test_a_level_takes_the_last_day_and_repeats_over_gaps() -> None:
    moved = compare(days({1: 300, 4: 200, 5: 100}, "mrr_cents"), "mrr_cents", LAST, 3)
    assert (moved.value, moved.change, moved.daily) == (300, 0.5, [200.0, 300.0, 300.0])


def test_no_rows_at_all() -> None:
    moved = compare(days({}), "new_lead_count", LAST, 3)
    assert (moved.value, moved.change) == (0, None)
    assert compare(days({}, "mrr_cents"), "mrr_cents", LAST, 3).value is None
