"""Intervals: their coverage in worlds whose truth is known, and that they repeat. Point credit is tested elsewhere."""

from typing import Any

import numpy as np
import polars as pl
import pytest

import attribution

PATHS = [["a"], ["b"], ["a", "b"], ["b", "c", "a"], ["c"], ["c", "a", "c"]]
TRAFFIC = np.array([0.25, 0.2, 0.2, 0.1, 0.15, 0.1])
RATES = np.array([0.05, 0.1, 0.2, 0.3, 0.02, 0.15])
VALUES = np.array([10.0, 30.0, 20.0, 50.0, 5.0, 40.0])


def world(people: int, rng: np.random.Generator) -> pl.DataFrame:
    seen = rng.multinomial(people, TRAFFIC)
    won = rng.binomial(seen, RATES)
    return pl.DataFrame({"path": PATHS, "conversions": won, "value": won * VALUES, "nulls": seen - won})


def truth(people: int, model: str, **parameters: Any) -> pl.DataFrame:
    won = people * TRAFFIC * RATES
    frame = pl.DataFrame({"path": PATHS, "conversions": won, "value": won * VALUES, "nulls": people * TRAFFIC - won})
    return attribution.credit(frame, model, **parameters)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parameters"),
    [("linear", {}), ("participation", {}), ("markov", {}), ("markov", {"order": 2}), ("shapley", {"game": "rate"})],
)
def test_a_ninety_percent_interval_covers_about_ninety_percent_of_worlds(
    model: str, parameters: dict[str, Any]
) -> None:
    rng = np.random.default_rng(11)
    people, worlds = 3000, 300
    wanted = truth(people, model, **parameters)
    hits = np.zeros((worlds, len(wanted)))
    for i in range(worlds):
        found = attribution.credit(world(people, rng), model, intervals=0.9, replicates=200, **parameters)
        inside = (found["conversions_low"] <= wanted["conversions"]) & (
            wanted["conversions"] <= found["conversions_high"]
        )
        hits[i] = inside.to_numpy()
    assert 0.85 <= hits.mean() <= 0.95


def test_intervals_hold_the_point_and_repeat_exactly() -> None:
    frame = world(5000, np.random.default_rng(1))
    once, again = (attribution.credit(frame, intervals=0.8, replicates=200) for _ in range(2))
    assert once.equals(again)
    for column in ("conversions", "value"):
        assert (once[f"{column}_low"] < once[column]).all()
        assert (once[column] < once[f"{column}_high"]).all()
    other = attribution.credit(frame, intervals=0.8, replicates=200, seed=1)
    assert not other.equals(once)
    assert np.allclose(other["conversions"], once["conversions"])


def test_the_point_is_the_same_with_and_without_intervals() -> None:
    frame = world(5000, np.random.default_rng(2))
    for model in ("first", "position", "participation", "markov", "shapley"):
        plain, bounded = (
            attribution.credit(frame, model),
            attribution.credit(frame, model, intervals=0.9, replicates=20),
        )
        for column in ("conversions", "value"):
            assert np.allclose(plain[column], bounded[column], rtol=1e-12)


def test_one_row_per_journey_and_counted_paths_give_intervals_of_one_width() -> None:
    counted = world(4000, np.random.default_rng(3))
    singles = pl.concat(
        [
            counted.select(
                "path", times="conversions", conversions=1, value=pl.col("value") / pl.col("conversions"), nulls=0
            ),
            counted.select("path", times="nulls", conversions=0, value=pl.lit(0.0), nulls=1),
        ]
    )
    singles = pl.concat([part.drop("times") for part in singles.iter_slices(1) for _ in range(int(part["times"][0]))])
    left, right = (attribution.credit(f, intervals=0.9) for f in (counted, singles))
    widths = [(f["conversions_high"] - f["conversions_low"]).to_numpy() for f in (left, right)]
    assert np.allclose(left["conversions"], right["conversions"])
    assert np.allclose(widths[0], widths[1], rtol=0.15)


def test_large_counts_are_split_without_loss() -> None:
    frame = pl.DataFrame(
        {"path": [["a"], ["b", "a"]], "conversions": [20_000.5, 7.25], "value": [1e6, 50.0], "nulls": [1_000_000, 3]}
    )
    found = attribution.credit(frame, "markov", intervals=0.9, replicates=100)
    assert np.allclose(found["conversions"], attribution.credit(frame, "markov")["conversions"], rtol=1e-12)
    width = found["conversions_high"][0] - found["conversions_low"][0]
    assert width == pytest.approx(2 * 1.645 * np.sqrt(20_000), rel=0.25)
