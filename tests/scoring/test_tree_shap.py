"""TreeSHAP by tables equals LightGBM's recursion, and what no table can hold goes to the recursion."""

import lightgbm as lgb
import numpy as np
import pytest

from scoring import tree_shap
from scoring.tree_shap import RecursiveShap, TreeShap, UnsupportedTrees

CATEGORIES = 40


def matrix(rows: int, seed: int) -> np.ndarray:
    """Numbers, numbers with gaps, sparse counts with zeros, and categories of which some are missing or negative."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 4))
    numbers[random.random((rows, 4)) < 0.2] = np.nan
    counts = random.poisson(0.7, size=(rows, 2)).astype(float)
    categories = random.integers(-1, CATEGORIES, size=(rows, 2)).astype(float)
    categories[random.random((rows, 2)) < 0.1] = np.nan
    return np.hstack([numbers, counts, categories])


def train(rounds: int = 30, **parameters: object) -> lgb.Booster:
    x = matrix(3_000, 1)
    chance = np.nan_to_num(x[:, 0]) + x[:, 4] * np.nan_to_num(x[:, 1]) + np.isin(x[:, 6], (1, 3, 33)) * 2
    label = (chance + np.random.default_rng(2).normal(size=len(x)) > 0.8).astype(float)
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 3, **parameters}
    return lgb.train(settings, lgb.Dataset(x, label, categorical_feature=[6, 7]), rounds)


SHAPES = {
    "missing goes its own way": {"num_leaves": 31},
    "zero is missing": {"num_leaves": 15, "zero_as_missing": True},
    "nothing is missing": {"num_leaves": 15, "use_missing": False},
    "one category against the rest": {"num_leaves": 15, "max_cat_to_onehot": CATEGORIES + 2},
    "monotone": {"num_leaves": 15, "monotone_constraints": [1, 0, 0, 0, 0, 0, 0, 0]},
    "trees without a split": {"num_leaves": 4, "min_gain_to_split": 60.0},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_contributions_are_lightgbms_own(shape: str) -> None:
    booster = train(**SHAPES[shape])
    x = matrix(300, 4)
    x[:3, 6] = CATEGORIES + 500, 1e12, 0.5
    x[3] = np.nan
    x[4] = 0.0
    told = np.asarray(booster.predict(x, pred_contrib=True))
    ours = TreeShap(booster.model_to_string())
    np.testing.assert_allclose(ours.contributions(x), told[:, :-1], rtol=0, atol=1e-12)
    assert ours.expected == pytest.approx(told[0, -1], abs=1e-12)
    assert np.abs(told[:, :-1]).max() > 0.1 or shape == "trees without a split"


def test_one_row_threads_and_blocks_tell_the_same() -> None:
    ours = TreeShap(train().model_to_string())
    x = matrix(700, 5)
    whole = ours.contributions(x)
    np.testing.assert_array_equal(whole, ours.contributions(x, threads=3))
    for row in (0, 63, 64, 699):
        np.testing.assert_allclose(ours.contributions(x[row : row + 1])[0], whole[row], rtol=0, atol=1e-14)
    assert ours.contributions(x[:0]).shape == (0, x.shape[1])


def test_trees_that_fit_no_table_go_to_the_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    large = train(2, num_leaves=200)
    with pytest.raises(UnsupportedTrees, match="nodes"):
        TreeShap(large.model_to_string())
    fallen_back = tree_shap.tree_shap(large.model_to_string(), large)
    assert isinstance(fallen_back, RecursiveShap)
    x = matrix(20, 6)
    raw = np.asarray(large.predict(x, raw_score=True))
    np.testing.assert_allclose(fallen_back.contributions(x).sum(axis=1) + fallen_back.expected, raw, atol=1e-9)
    monkeypatch.setattr(tree_shap, "MOST_FEATURES", 2)
    with pytest.raises(UnsupportedTrees, match="features"):
        TreeShap(train(2).model_to_string())
