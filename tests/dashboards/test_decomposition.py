"""Why a figure changed: effects that sum to the change, whatever the segments are."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.decomposition import EFFECTS, add_up, decompose, gather_rest

COUNTS = st.integers(min_value=0, max_value=10_000)
ROWS = st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=12)
NAMES = ("base_before", "base_now", "before", "now")


def frame(rows: list[tuple[int, int, int, int]]) -> pl.DataFrame:
    named = [{"segment": f"s{place}", **dict(zip(NAMES, row, strict=True))} for place, row in enumerate(rows)]
    return pl.DataFrame(named, schema={"segment": pl.String, **dict.fromkeys(NAMES, pl.Int64)})


@settings(deadline=None)
@given(ROWS)
def test_effects_sum_to_the_change_in_each_row_and_in_all(rows: list[tuple[int, int, int, int]]) -> None:
    found = decompose(frame(rows))
    whole = sum(now - before for _, _, before, now in rows)
    for row in found.iter_rows(named=True):
        assert abs(sum(row[effect] for effect in EFFECTS) - (row["now"] - row["before"])) < 1e-6
    assert abs(sum(float(found[effect].sum()) for effect in EFFECTS) - whole) < 1e-6


@settings(deadline=None)
@given(ROWS)
def test_with_the_same_yield_everywhere_there_is_no_rate_effect(rows: list[tuple[int, int, int, int]]) -> None:
    found = decompose(frame([(base0, base1, 2 * base0, 2 * base1) for base0, base1, _, _ in rows]))
    assert found["rate"].abs().max() == 0


def test_each_effect_alone_is_told_as_itself() -> None:
    more = decompose(frame([(10, 20, 5, 10), (30, 60, 3, 6)]))
    assert (more["volume"].sum(), more["mix"].sum(), more["rate"].sum()) == (8.0, 0.0, 0.0)
    other = decompose(frame([(10, 30, 5, 15), (30, 10, 3, 1)]))
    assert (other["volume"].sum(), round(other["mix"].sum(), 9), other["rate"].sum()) == (0.0, 8.0, 0.0)
    better = decompose(frame([(10, 10, 5, 8), (30, 30, 3, 3)]))
    assert (better["volume"].sum(), better["mix"].sum(), better["rate"].sum()) == (0.0, 0.0, 3.0)


def test_what_is_given_without_a_case_is_all_rate() -> None:
    found = decompose(frame([(0, 0, 0, 4), (10, 10, 5, 5)]))
    assert found.row(0) == ("s0", 0.0, 4.0, 4.0, 0.0, 0.0, 4.0)


def test_a_segment_that_is_new_is_volume_and_mix() -> None:
    found = decompose(frame([(0, 10, 0, 5), (10, 10, 5, 5)]))
    assert found["rate"].to_list() == [0.0, 0.0]
    assert found["volume"].sum() == 5.0


def test_small_segments_are_gathered_without_losing_any() -> None:
    rows = frame([(1, 1, place, place) for place in range(12)])
    found = gather_rest(rows, "others", 5)
    assert found.height == 5
    assert found["segment"][-1] == "others"
    assert found["now"].sum() == rows["now"].sum()
    assert found["base_now"].sum() == 12
    assert add_up(found)["change"].sum() == 0
    assert gather_rest(rows, "others", 12).height == 12
