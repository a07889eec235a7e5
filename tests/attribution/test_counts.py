"""Sums that are added and taken away give what counting everything anew gives."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution
from attribution.errors import BadParameter

START = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("first", {}),
    ("last_non_direct", {"direct": "d"}),
    ("linear", {}),
    ("time_decay", {"half_life": timedelta(days=3)}),
    ("position", {"weights": (0.3, 0.3, 0.4)}),
    ("participation", {}),
    ("shapley", {}),
    ("markov", {}),
    ("markov", {"order": 2}),
    ("markov", {"order": 3}),
    ("markov", {"order": 2, "states": "tuple"}),
]
Events = tuple[pl.DataFrame, pl.DataFrame]
TOUCH = st.tuples(st.integers(0, 7), st.integers(0, 40), st.sampled_from("abcd"))
SALE = st.tuples(st.integers(0, 8), st.integers(0, 40), st.integers(-30, 90))
WORLD = st.tuples(st.lists(TOUCH, max_size=25), st.lists(SALE, max_size=6))


def as_events(rows: tuple[list[tuple[int, int, str]], list[tuple[int, int, int]]]) -> Events:
    seen, sold = rows
    touches = pl.DataFrame(
        {
            "person_id": pl.Series([person for person, _, _ in seen], dtype=pl.Int64),
            "occurred_at": pl.Series([START + timedelta(days=at) for _, at, _ in seen], dtype=pl.Datetime("us", "UTC")),
            "channel": pl.Series([name for *_, name in seen], dtype=pl.String),
            "touch_id": pl.Series(range(len(seen)), dtype=pl.Int64),
        }
    )
    sales = pl.DataFrame(
        {
            "person_id": pl.Series([person for person, _, _ in sold], dtype=pl.Int64),
            "converted_at": pl.Series(
                [START + timedelta(days=a, hours=1) for _, a, _ in sold], dtype=pl.Datetime("us", "UTC")
            ),
            "value": pl.Series([float(value) for *_, value in sold], dtype=pl.Float64),
        }
    )
    return touches, sales


def many_events(people: int, seed: int) -> Events:
    rng = np.random.default_rng(seed)
    seen = [(int(p), int(at), "abcd"[c]) for p, at, c in rng.integers(0, [people, 40, 4], (people * 4, 3))]
    sold = [(int(p), int(at), int(v)) for p, at, v in rng.integers([0, 0, -20], [people, 40, 90], (people // 3, 3))]
    return as_events((seen, sold))


def count(events: Events, **options: Any) -> attribution.Counts:
    return attribution.count_paths(*events, lookback=WEEK, **({"models": MODELS} | options))


def assert_same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Equal to 1e-9, where a channel that no journey meets may be missing or have nothing."""
    names = ("channel", "conversions", "value")
    both = left.select(names).join(right.select(names), on="channel", how="full", coalesce=True).fill_null(0.0)
    for name in ("conversions", "value"):
        assert np.allclose(both[name], both[f"{name}_right"], rtol=0, atol=1e-9), (name, both)


@pytest.mark.parametrize(("model", "parameters"), MODELS)
@pytest.mark.parametrize("days", [False, True])
def test_credit_from_counts_is_credit_from_journeys(model: str, parameters: dict[str, Any], days: bool) -> None:
    events = many_events(300, seed=4)
    wanted = attribution.credit(
        attribution.build_paths(*events, lookback=WEEK), model, include_unattributed=True, **parameters
    )
    found = attribution.credit_counts(
        count(events, days=days, models=[(model, parameters)]), model, include_unattributed=True, **parameters
    )
    assert_same(found, wanted)
    assert found["channel"].to_list() == wanted["channel"].to_list()


@pytest.mark.parametrize("model", ["linear", "markov", "participation"])
def test_intervals_from_counts_are_those_from_journeys(model: str) -> None:
    events = many_events(400, seed=5)
    paths = attribution.build_paths(*events, lookback=WEEK)
    wanted = attribution.credit(paths, model, intervals=0.9, replicates=60)
    found = attribution.credit_counts(count(events, models=[model]), model, intervals=0.9, replicates=60)
    assert np.allclose(found.drop("channel").to_numpy(), wanted.drop("channel").to_numpy(), rtol=0, atol=1e-9)


@given(before=WORLD, after=WORLD, changed=st.sets(st.integers(0, 8)))
@settings(max_examples=40, deadline=None)
def test_recounting_who_changed_equals_counting_all_anew(before: Any, after: Any, changed: set[int]) -> None:
    """Late, altered and deleted touches and conversions of some people; the others stay as they were."""
    old, fresh = as_events(before), as_events(after)
    picked = pl.col("person_id").is_in(list(changed))
    whole: Any = tuple(pl.concat([a.filter(~picked), b.filter(picked)]) for a, b in zip(old, fresh, strict=True))
    were: Any = tuple(frame.filter(picked) for frame in old)
    are: Any = tuple(frame.filter(picked) for frame in fresh)
    found = attribution.recount(count(old, days=True), were, are)
    wanted = count(whole, days=True)
    assert found.channels == wanted.channels
    assert dict(found.found) == {name: wanted.found.get(name, 0) for name in found.found}
    for model, parameters in MODELS:
        credits = [
            attribution.credit_counts(x, model, include_unattributed=True, **parameters) for x in (found, wanted)
        ]
        assert_same(*credits)


@given(rows=WORLD, day=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_counts_by_day_close_null_journeys_as_a_run_of_that_day_does(rows: Any, day: int) -> None:
    """Journeys that go on after the day are recounted then; here nothing comes after it."""
    seen, sold = as_events(rows)
    end = START + timedelta(days=day)
    known = seen.filter(pl.col("occurred_at") < end), sold.filter(pl.col("converted_at") < end)
    counts = count(known, days=True)
    paths = attribution.build_paths(*known, lookback=WEEK, as_of=end)
    for model in ("linear", "markov"):
        assert_same(attribution.credit_counts(counts, model, as_of=end.date()), attribution.credit(paths, model))


def test_a_period_takes_the_conversions_of_its_days() -> None:
    counts = count(many_events(300, seed=6), days=True)
    days = [date(2026, 3, 1), date(2026, 3, 11), date(2026, 3, 25), date(2026, 5, 1)]
    whole = attribution.credit_counts(counts, "linear")
    parts = [attribution.credit_counts(counts, "linear", since=since, until=until) for since, until in pairwise(days)]
    assert all(part["conversions"].sum() > 0 for part in parts)
    assert_same(pl.concat(parts).group_by("channel").agg(pl.col("conversions", "value").sum()), whole)


def test_counts_travel_as_a_frame() -> None:
    counts = count(many_events(200, seed=7), days=True)
    back = counts.with_frame(counts.as_frame().sample(fraction=1, shuffle=True, seed=1))
    assert back.channels == counts.channels
    assert back.sums.equals(counts.sums)


@pytest.mark.parametrize("size", [7, 64, 1_000_000])
@pytest.mark.parametrize("kind", [pl.Int64, pl.String])
def test_batches_of_any_size_give_the_same_journeys(size: int, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, sold = (frame.with_columns(pl.col("person_id").cast(kind)) for frame in many_events(150, seed=8))
    wanted = attribution.build_paths(seen, sold, lookback=WEEK)
    monkeypatch.setattr("attribution.events.BATCH", size)
    ordered = seen.with_row_index("was").sort("person_id", "occurred_at")
    for source in (ordered, ordered.lazy()):
        paths = attribution.build_paths(source, sold, lookback=WEEK)
        assert paths.frame.equals(wanted.frame)
        assert paths.counts == wanted.counts
        assert ordered["was"].gather(paths.touches["touch"]).to_list() == wanted.touches["touch"].to_list()
        assert np.array_equal(paths.hours, wanted.hours)
        assert np.array_equal(paths.buckets, wanted.buckets)
    found = attribution.count_paths(ordered.lazy(), sold.lazy(), lookback=WEEK, models=MODELS)
    assert found.sums.drop("weight", "gains", "losses").height > 100
    for model, parameters in MODELS:
        assert_same(
            attribution.credit_counts(found, model, **parameters), attribution.credit(wanted, model, **parameters)
        )


class TestRefusals:
    def test_counts_of_other_options_do_not_add(self) -> None:
        events = many_events(20, seed=1)
        other = attribution.count_paths(*events, lookback=timedelta(days=8), models=MODELS)
        with pytest.raises(BadParameter, match="different options"):
            count(events) + other

    def test_a_model_that_was_not_counted_is_named(self) -> None:
        with pytest.raises(BadParameter, match="hold no first"):
            attribution.credit_counts(count(many_events(20, seed=1), models=["last"]), "first")

    def test_a_model_that_is_no_sum_is_named(self) -> None:
        with pytest.raises(BadParameter, match="no sum over journeys"):
            count(many_events(20, seed=1), models=[("shapley", {"game": "rate"})])

    def test_days_and_buckets_must_have_been_kept(self) -> None:
        with pytest.raises(BadParameter, match="no days"):
            attribution.credit_counts(count(many_events(20, seed=1)), "linear", since=date(2026, 3, 1))
        with pytest.raises(BadParameter, match="power of two"):
            count(many_events(20, seed=1), buckets=100)
