"""Fitting credit to two kinds of sums, and rounding it without losing a unit, over random tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.models.attribution_drilldown import fit_sums, round_by_group


def draw(seed: int, rows: int, columns: int, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A table with empty cells, its row sums, and column sums of the same total."""
    dice = np.random.default_rng(seed)
    table = dice.exponential(10, (rows, columns)) * (dice.random((rows, columns)) < share)
    table[np.arange(rows), dice.integers(0, columns, rows)] += 1
    weights = dice.exponential(1, columns)
    return table, table.sum(axis=1), table.sum() * weights / weights.sum()


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 8), st.floats(0.05, 1))
def test_a_fitted_table_has_both_sums_and_nothing_below_zero(seed: int, rows: int, columns: int, share: float) -> None:
    table, by_row, by_column = draw(seed, rows, columns, share)
    found = fit_sums(table, by_row, by_column)
    np.testing.assert_allclose(found.sum(axis=1), by_row, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(found.sum(axis=0), by_column, rtol=1e-7, atol=1e-6)
    assert (found >= 0).all()


def test_empty_cells_stay_empty_where_the_sums_allow_it() -> None:
    found = fit_sums(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([2.0, 2.0]), np.array([2.5, 1.5]))
    assert found[0].tolist() == [2.0, 0.0]


def test_sums_that_the_touches_can_not_carry_are_spread_over_all_cells() -> None:
    found = fit_sums(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([2.0, 2.0]), np.array([3.0, 1.0]))
    assert found.sum(axis=0) == pytest.approx([3, 1])
    assert found.sum(axis=1) == pytest.approx([2, 2])
    assert found.min() > 0


def test_refunds_keep_both_sums() -> None:
    found = fit_sums(np.array([[5.0, -2.0], [1.0, 0.0]]), np.array([3.0, 1.0]), np.array([4.5, -0.5]))
    assert found.sum(axis=0) == pytest.approx([4.5, -0.5])
    assert found.sum(axis=1) == pytest.approx([3, 1])


def test_sums_of_nothing_give_nothing_and_never_nan() -> None:
    assert not fit_sums(np.zeros((2, 2)), np.zeros(2), np.zeros(2)).any()
    found = fit_sums(np.array([[5.0, -5.0]]), np.zeros(1), np.array([2.0, -2.0]))
    assert found.tolist() == [[2.0, -2.0]]


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 6))
def test_rounding_keeps_each_groups_total_and_stays_near_each_key(seed: int, groups: int, keys: int) -> None:
    dice = np.random.default_rng(seed)
    totals = dice.integers(0, 2_000, groups)
    parts = dice.dirichlet(np.ones(keys), groups) * totals[:, np.newaxis]
    group, key = np.repeat(np.arange(groups), keys), np.tile(np.arange(keys), groups)
    found = round_by_group(group, key, parts.ravel(), np.repeat(totals, keys)).reshape(groups, keys)
    assert (found.sum(axis=1) == totals).all()
    assert (found >= 0).all()
    assert np.abs(found.sum(axis=0) - parts.sum(axis=0)).max() <= keys
