"""Touches with little silence between them are one visit, named by its first touch."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import attribution
from attribution.errors import BadParameter

START = datetime(2026, 3, 1, 23, 50, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def touches(*rows: tuple[object, float, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [person for person, _, _ in rows],
            "occurred_at": [START + timedelta(minutes=at) for _, at, _ in rows],
            "channel": [channel for *_, channel in rows],
            "touch_id": list(range(len(rows))),
        }
    )


def test_silence_longer_than_the_gap_ends_a_session_and_midnight_does_not() -> None:
    seen = touches((1, 0, "a"), (1, 30, "b"), (1, 60, "c"), (1, 90.01, "d"), (2, 1, "e"))
    found = attribution.sessionise(seen)
    assert found.select("person_id", "channel", "touch_count").rows() == [(1, "a", 3), (1, "d", 1), (2, "e", 1)]
    assert found["ended_at"][0] - found["occurred_at"][0] == timedelta(minutes=60)


def test_rows_may_come_in_any_order_and_touches_of_nobody_are_left_out() -> None:
    seen = touches((1, 0, "a"), (2, 5, "x"), (1, 10, "b"), (2, 45, "y"))
    wanted = attribution.sessionise(seen)
    assert attribution.sessionise(seen.reverse()).equals(wanted)
    nobody = touches((None, 1, "z")).cast({"person_id": pl.Int64})
    assert attribution.sessionise(pl.concat([seen, nobody])).equals(wanted)
    assert attribution.sessionise(seen.clear()).is_empty()


@pytest.mark.parametrize("shuffled", [False, True])
def test_journeys_of_sessions_are_those_of_sessionised_touches(shuffled: bool) -> None:
    seen = touches((1, 0, "a"), (1, 10, "b"), (1, 100, "b"), (2, 3, "c"), (2, 200, "a"), (2, 210, "c"))
    seen = seen.reverse() if shuffled else seen
    sold = pl.DataFrame({"person_id": [1, 2], "converted_at": [START + timedelta(minutes=m) for m in (105, 205)]})
    found = attribution.build_paths(seen, sold, lookback=timedelta(days=1), session_gap=HALF_HOUR)
    wanted = attribution.build_paths(attribution.sessionise(seen), sold, lookback=timedelta(days=1))
    assert found.frame.equals(wanted.frame)
    assert found.counts["touches_within_session"] == 2
    assert sorted(seen["touch_id"].gather(found.touches["touch"])) == [0, 2, 3, 4]


def test_a_session_weighs_what_its_weightiest_touch_does() -> None:
    seen = touches((1, 0, "view"), (1, 5, "click"), (1, 90, "view")).with_columns(weight=pl.Series([0.2, 1.0, 0.2]))
    sold = pl.DataFrame({"person_id": [1], "converted_at": [START + timedelta(hours=3)]})
    paths = attribution.build_paths(seen, sold, lookback=timedelta(days=1), session_gap=HALF_HOUR)
    assert paths.touches["weight"].to_list() == [1.0, 0.2]


def test_a_gap_that_is_no_duration_is_refused() -> None:
    with pytest.raises(BadParameter, match="timedelta"):
        attribution.sessionise(touches((1, 0, "a")), 30)  # type: ignore[arg-type]
