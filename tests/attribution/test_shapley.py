"""Shapley values: sampling against exact games, the ordered variant, the guard. Worked games are in test_golden."""

import numpy as np
import polars as pl
import pytest

import attribution
from attribution import shapley
from tests.attribution.test_solving import random_paths


def exact(players: int, seed: int) -> dict[frozenset[str], float]:
    rng = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(players)]
    sets = [frozenset(n for bit, n in enumerate(names) if mask >> bit & 1) for mask in range(1, 1 << players)]
    return {members: len(members) + float(rng.normal()) for members in sets}


def test_sampled_values_lie_within_their_error_of_the_exact_ones() -> None:
    inside = []
    for seed in range(6):
        game = exact(7, seed)
        wanted = attribution.shapley_values(game)["shapley"].to_numpy()
        found = attribution.sampled_shapley_values(
            [f"p{i}" for i in range(7)], lambda joined, game=game: game.get(joined, 0.0), error=0.01, seed=seed
        )
        errors = found["standard_error"].to_numpy()
        assert errors.max() <= 0.01 * abs(game[frozenset(f"p{i}" for i in range(7))])
        assert found["shapley"].sum() == pytest.approx(wanted.sum(), abs=1e-9)
        inside += (np.abs(found["shapley"].to_numpy() - wanted) < 2 * errors).tolist()
    assert np.mean(inside) > 0.85


def test_more_players_than_can_be_solved_are_sampled() -> None:
    weights = {f"p{i:02d}": float(i) for i in range(40)}
    found = attribution.sampled_shapley_values(list(weights), lambda joined: sum(weights[name] for name in joined))
    assert np.allclose(found["shapley"], list(weights.values()))
    assert found["standard_error"].max() == 0.0


def test_sets_beyond_twenty_two_channels_are_sampled_close_to_the_exact_split(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = random_paths(200, 18, 9, seed=2).with_columns(value=pl.lit(0.0))
    solved = attribution.credit(frame, "shapley", game="rate", shrinkage=10)
    monkeypatch.setattr(shapley, "_SET_CHANNELS", 3)
    sampled = attribution.credit(frame, "shapley", game="rate", shrinkage=10, error=0.005)
    total = solved["conversions"].sum()
    assert sampled["conversions"].sum() == pytest.approx(total)
    assert np.abs(sampled["conversions"].to_numpy() - solved["conversions"].to_numpy()).max() < 0.005 * total
    monkeypatch.undo()
    wide = pl.DataFrame({"path": [[f"c{i:02d}" for i in range(30)]], "conversions": [6], "nulls": [6]})
    found = attribution.credit(wide, "shapley", game="rate")
    assert found["conversions"].sum() == pytest.approx(6.0)
    assert np.abs(found["conversions"].to_numpy() - 0.2).max() < 0.25


def test_parts_below_nought_can_be_cut_off() -> None:
    frame = pl.DataFrame({"path": [["a"], ["b"], ["a", "b"]], "conversions": [60, 2, 5], "nulls": [40, 98, 95]})
    kept = attribution.credit(frame, "shapley", game="rate")
    clipped = attribution.credit(frame, "shapley", game="rate", negative="clip")
    assert kept["conversions"][1] < 0
    assert (clipped["conversions"] >= 0).all()
    assert clipped["conversions"].sum() == pytest.approx(kept["conversions"].sum()) == pytest.approx(67.0)


def test_ordered_credit_sums_to_shapley_and_counts_new_channels_by_place() -> None:
    frame = random_paths(150, 5, 8, seed=7)
    found = attribution.ordered_shapley(frame)
    summed = found.group_by("channel").agg(pl.col("conversions", "value").sum()).sort("channel")
    whole = attribution.credit(frame, "shapley")
    for column in ("conversions", "value"):
        assert np.allclose(summed[column], whole[column])
    assert found["place"].min() == 1
    assert found["place"].max() == 5
    first = attribution.credit(frame.with_columns(pl.col("path").list.unique(maintain_order=True)), "first")
    opens = found.filter(place=1).join(first, on="channel")
    assert (opens["conversions"] <= opens["conversions_right"] + 1e-9).all()


def test_games_and_errors_are_checked() -> None:
    with pytest.raises(attribution.errors.BadParameter, match="empty coalition"):
        attribution.sampled_shapley_values(["a"], lambda joined: 1.0)
    with pytest.raises(attribution.errors.BadParameter, match="NaN"):
        attribution.sampled_shapley_values(["a"], lambda joined: float("nan") if joined else 0.0)
    with pytest.raises(attribution.errors.BadParameter, match="error"):
        attribution.sampled_shapley_values(["a"], lambda joined: float(len(joined)), error=0)
    assert attribution.sampled_shapley_values([], lambda joined: 0.0).is_empty()
