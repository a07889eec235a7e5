"""The two exact solvers agree with each other and with the definition. Worked examples are in test_golden."""

import numpy as np
import polars as pl
import pytest

import attribution
from attribution import absorption, chain


def random_paths(rows: int, channels: int, longest: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    names = np.array([f"c{i:03d}" for i in range(channels)])
    lengths = rng.integers(1, longest + 1, rows)
    won = rng.integers(0, 4, rows)
    return pl.DataFrame(
        {
            "path": [names[rng.integers(0, channels, n)].tolist() for n in lengths],
            "conversions": won,
            "value": won * rng.integers(-20, 90, rows).astype(float),
            "nulls": rng.integers(0, 6, rows),
        }
    )


def redirect_to_null(frame: pl.DataFrame, order: int, states: str) -> dict[str, float]:
    """Removal effects by the definition: cut the visits of a channel, solve the whole chain anew."""
    counted = attribution.count_chain(attribution.read_paths(frame), order, states)
    size = len(counted.history)
    ends = counted.conversions[0] + counted.nulls[0]
    table = np.zeros((size, size))
    table[counted.source, counted.target] = counted.weight[0]
    out = table.sum(axis=1) + ends
    moves, reward = table / out[:, None], counted.conversions[0] / out
    start = counted.start[0] / counted.start[0].sum()

    def converts(keep: np.ndarray) -> float:
        return float(start * keep @ np.linalg.solve(np.eye(size) - moves * keep, reward))

    whole = converts(np.ones(size))
    return {
        name: 1 - converts((~(counted.history == code).any(axis=1)).astype(float)) / whole
        for code, name in enumerate(counted.channels)
    }


@pytest.mark.parametrize("states", ["padded", "tuple"])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_effects_equal_those_of_cutting_each_channel_out(order: int, states: str, seed: int) -> None:
    frame = random_paths(120, 5, 7, seed)
    found = attribution.removal_effects(frame, order, states)
    assert dict(found.select("channel", "removal_effect").iter_rows()) == pytest.approx(
        redirect_to_null(frame, order, states), abs=1e-11
    )


@pytest.mark.parametrize("order", [1, 2, 3])
def test_sparse_sweeps_equal_the_dense_inverse(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = random_paths(400, 6, 9, seed=5)
    dense = attribution.removal_effects(frame, order)
    monkeypatch.setattr(absorption, "_DENSE_STATES", 0)
    counted = attribution.count_chain(attribution.read_paths(frame), order)
    blocks = [absorption._states_with(counted, code) for code in range(6)]
    swept = absorption._solve_sparse(counted, np.ones(1), blocks).effects[0]
    assert np.allclose(dense["removal_effect"], swept[:, 0], atol=1e-11)
    assert np.allclose(dense["removal_effect_value"], swept[:, 1], atol=1e-11)


def test_slow_chains_are_factorised_with_the_same_result() -> None:
    long = [["a", "b", "c"] * 700, ["b", "a"], ["c"]]
    frame = pl.DataFrame({"path": long, "conversions": [1, 2, 3], "nulls": [2, 5, 9]})
    dense = attribution.removal_effects(frame, 2)
    counted = attribution.count_chain(attribution.read_paths(frame), 2)
    blocks = [absorption._states_with(counted, code) for code in range(3)]
    factorised = absorption._solve_sparse(counted, np.ones(1), blocks).effects[0]
    assert np.allclose(dense["removal_effect"], factorised[:, 0], atol=1e-9)


@pytest.mark.parametrize("states", ["padded", "tuple"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_counts_do_not_depend_on_blocks_or_on_how_keys_are_summed(
    order: int, states: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = attribution.read_paths(random_paths(500, 4, 8, seed=9))
    before = attribution.transition_matrix(chain.count_chain(paths, order, states))
    monkeypatch.setattr(chain, "_BLOCK", 16)
    monkeypatch.setattr(chain, "_DENSE", 0)
    assert attribution.transition_matrix(chain.count_chain(paths, order, states)).equals(before)


def test_conversion_probability_is_the_observed_rate_at_every_order() -> None:
    frame = random_paths(300, 5, 6, seed=2)
    won, lost = (float(frame[name].to_numpy().sum()) for name in ("conversions", "nulls"))
    rate = won / (won + lost)
    for order in (1, 2, 3):
        for states in ("padded", "tuple"):
            assert attribution.conversion_probability(frame, order, states) == pytest.approx(rate, abs=1e-12)


def test_loops_change_the_matrix_and_no_effect() -> None:
    frame = pl.DataFrame({"path": [["a", "a", "b"], ["b", "b", "b"]], "conversions": [2, 1], "nulls": [1, 2]})
    counted = [attribution.count_chain(attribution.read_paths(frame), loops=loops) for loops in (False, True)]
    assert len(attribution.transition_matrix(counted[0])) < len(attribution.transition_matrix(counted[1]))
    without, with_loops = (attribution.removal_effects(x)["removal_effect"] for x in counted)
    assert np.allclose(without, with_loops)


def test_rate_games_are_alike_on_the_lattice_and_set_by_set() -> None:
    frame = random_paths(80, 18, 6, seed=4)
    few = frame.with_columns(pl.col("path").list.eval(pl.element().str.replace("c01[4-7]", "c013")))
    wide = pl.concat(
        [few, frame.with_columns(conversions=pl.lit(0, pl.Int64), value=pl.lit(0.0), nulls=pl.lit(0, pl.Int64))]
    )
    for shrinkage in (0, 10):
        lattice = attribution.credit(few, "shapley", game="rate", shrinkage=shrinkage)
        by_set = attribution.credit(wide, "shapley", game="rate", shrinkage=shrinkage).filter(
            pl.col("channel").is_in(lattice["channel"].to_list())
        )
        assert len(lattice) <= 16
        assert np.allclose(lattice["conversions"], by_set["conversions"], atol=1e-9)
