"""The order of a Markov chain, chosen on journeys it was not fitted to."""

import numpy as np
import polars as pl
import pytest

import attribution


def walk(people: int, memory: int, seed: int) -> pl.DataFrame:
    """Journeys over three channels in which the next step depends on the last ``memory`` ones."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(people):
        path = [int(rng.integers(3))]
        while len(path) < 12:
            before = path[-2] if memory == 2 and len(path) > 1 else 0
            ends = 0.25 if memory == 1 else (0.45, 0.1, 0.25)[before]
            if rng.random() < ends:
                break
            turn = 0.5 if memory == 1 else (0.9, 0.1, 0.5)[before]
            path.append((path[-1] + (1 if rng.random() < turn else 2)) % 3)
        sold = rng.random() < (0.1, 0.5, 0.2)[path[-1]]
        rows.append((["abc"[code] for code in path], float(sold), float(not sold)))
    return pl.DataFrame(rows, schema=["path", "conversions", "nulls"], orient="row")


@pytest.mark.parametrize("memory", [1, 2])
def test_the_true_memory_is_found_by_both_criteria(memory: int) -> None:
    found = attribution.choose_order(walk(6000, memory, seed=memory))
    assert found["order"].to_list() == [1, 2, 3, 4]
    assert found.filter("is_best")["order"].to_list() == [memory]
    assert found.filter("is_best_bic")["order"].to_list() == [memory]
    assert found["states"].is_sorted()
    assert found["transitions"].is_sorted()


def test_rising_orders_near_participation_and_say_so() -> None:
    frame = walk(300, 2, seed=3).filter(pl.col("path").list.len() <= 4)
    found = attribution.choose_order(frame, orders=(1, 2, 3, 4, 9))
    assert found["order"].to_list() == [1, 2, 3, 4]
    assert found["to_participation"][-1] == pytest.approx(0.0, abs=1e-9)
    assert found["to_participation"][0] > found["to_participation"][-1]
    assert "participation" in found["caution"][-1]


def test_log_loss_is_that_of_the_transitions_when_there_is_much_data() -> None:
    frame = pl.DataFrame({"path": [["a"], ["a", "b"]], "conversions": [100_000, 0], "nulls": [0, 100_000]})
    found = attribution.choose_order(frame, orders=(1,))
    # After a: b or the conversion, each half; after b nothing is left to foretell.
    assert found["log_loss"][0] == pytest.approx(np.log(2), abs=1e-3)
    assert found["bic"][0] == pytest.approx(2 * 200_000 * np.log(2) + np.log(200_000), rel=1e-6)


def test_counted_paths_and_their_order_of_rows_give_one_answer() -> None:
    frame = walk(800, 2, seed=4)
    counted = frame.group_by("path").agg(pl.col("conversions", "nulls").sum())
    once, turned = (attribution.choose_order(x, (1, 2)) for x in (counted.sort("path"), counted.sort("path").reverse()))
    assert np.allclose(once["log_loss"], turned["log_loss"])
    assert np.allclose(once["bic"], attribution.choose_order(frame, (1, 2))["bic"])


def test_orders_are_checked() -> None:
    frame = walk(20, 1, seed=5)
    for wrong in ((), (0,), (1.5,)):
        with pytest.raises(attribution.errors.BadParameter):
            attribution.choose_order(frame, wrong)  # type: ignore[arg-type]
    assert attribution.choose_order(pl.DataFrame({"path": [["a"]], "conversions": [1]}), (2,))["order"].to_list() == [1]
