"""The bounds hold what they promise, seen in simulations with a fixed seed: peeking, coverage, CUPED, sample ratio."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tekup.experiments.inference import (
    LEAST_UNITS,
    Sums,
    compare,
    ratio_p_value,
    sequential_p_value,
    sequential_radius,
    size_needed,
)

ALPHA = 0.05
RUNS, UNITS, EVERY = 800, 4_000, 20
Floats = NDArray[np.float64]


def sums_of(y: Floats, x: Floats | None = None) -> Sums:
    x = np.zeros(len(y)) if x is None else x
    return Sums(len(y), y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum())


def looks(y: Floats, is_treated: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Effect, its error and the number of persons at each look of each run."""
    at = np.arange(2 * LEAST_UNITS + 40, y.shape[1], EVERY)
    moments = []
    for arm in (~is_treated, is_treated):
        count = np.cumsum(arm, axis=1)[:, at]
        mean = np.cumsum(y * arm, axis=1)[:, at] / count
        variance = np.cumsum(y * y * arm, axis=1)[:, at] / count - mean**2
        moments.append((mean, variance / count))
    error = np.sqrt(moments[0][1] + moments[1][1])
    return moments[1][0] - moments[0][0], error, np.broadcast_to(at.astype(float), error.shape)


@pytest.mark.parametrize("kind", ["rate", "money"])
@pytest.mark.parametrize("effect", [0.0, 0.4])
def test_looking_all_the_time_does_not_raise_the_error(kind: str, effect: float) -> None:
    rng = np.random.default_rng(1)
    is_treated = rng.random((RUNS, UNITS)) < 0.5
    if kind == "rate":
        y = (rng.random((RUNS, UNITS)) < 0.1 + effect * 0.1 * is_treated).astype(float)
        truth = effect * 0.1
    else:
        y = rng.exponential(1.0, (RUNS, UNITS)) * (rng.random((RUNS, UNITS)) < 0.2) * (1 + effect * is_treated)
        truth = effect * 0.2
    found, error, count = looks(y, is_treated)
    missed = np.abs(found - truth) > sequential_radius(error, count, ALPHA)
    ever = missed.any(axis=1).sum()
    # not surely above alpha: the simulation's own error is 0.8 per cent
    assert stats.binomtest(int(ever), RUNS, ALPHA, alternative="greater").pvalue > 0.01
    naive = (np.abs(found - truth) > 1.96 * error).any(axis=1).mean()
    assert naive > 3 * ALPHA, "the ordinary interval is not for peeking, which is why there is another one"
    if effect:
        is_found = (found - sequential_radius(error, count, ALPHA) > 0).any(axis=1).mean()
        assert is_found > 0.5


def test_a_planned_looks_interval_covers_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(2), 0
    for _ in range(400):
        control, treatment = rng.exponential(1, 300), rng.exponential(1.2, 500)
        found = compare(sums_of(control), sums_of(treatment), ALPHA)
        assert found is not None
        covered += found.fixed_low <= 0.2 <= found.fixed_high
        assert found.low < found.fixed_low < found.fixed_high < found.high
    assert stats.binomtest(covered, 400, 1 - ALPHA).pvalue > 0.01


def test_the_comparison_is_welchs() -> None:
    rng = np.random.default_rng(3)
    control, treatment = rng.normal(5, 2, 700), rng.normal(5.4, 3, 900)
    found = compare(sums_of(control), sums_of(treatment), ALPHA)
    told = stats.ttest_ind(treatment, control, equal_var=False)
    assert found is not None
    assert found.effect == pytest.approx(treatment.mean() - control.mean())
    assert found.effect / found.standard_error == pytest.approx(told.statistic)
    assert found.fixed_p_value == pytest.approx(told.pvalue, rel=0.02)
    assert found.variance_cut == pytest.approx(0)
    assert found.relative == pytest.approx(found.effect / control.mean())


def test_cuped_takes_variance_away_and_leaves_the_effect() -> None:
    rng = np.random.default_rng(4)
    plain, freed, cuts = [], [], []
    for _ in range(200):
        x = rng.gamma(2, 1, 2_000)
        is_treated = rng.random(2_000) < 0.5
        y = x + rng.normal(0, 1, 2_000) + 0.1 * is_treated
        arms = [(y[arm], x[arm]) for arm in (~is_treated, is_treated)]
        found = compare(sums_of(*arms[0]), sums_of(*arms[1]), ALPHA)
        assert found is not None
        freed.append(found.effect)
        cuts.append(found.variance_cut)
        plain.append(arms[1][0].mean() - arms[0][0].mean())
    assert np.mean(freed) == pytest.approx(0.1, abs=4 * float(np.std(freed)) / math.sqrt(200))
    # what x explains of y: 2 of 3
    assert 1 - np.var(freed) / np.var(plain) == pytest.approx(2 / 3, abs=0.12)
    assert np.mean(cuts) == pytest.approx(2 / 3, abs=0.03)


def test_the_p_value_is_where_the_bounds_touch_zero() -> None:
    for effect, count in ((0.05, 500), (0.2, 2_000), (0.01, 40_000)):
        p_value = sequential_p_value(effect, 0.02, count, ALPHA)
        radius = float(sequential_radius(0.02, count, ALPHA))
        assert (p_value <= ALPHA) == (effect >= radius)


def test_a_wrong_ratio_is_found_and_a_right_one_seldom_called_wrong_at_any_look() -> None:
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(150):
        arms = rng.choice(3, 6_000, p=[0.5, 0.25, 0.25])
        sizes = [np.bincount(arms[:at], minlength=3) for at in range(100, 6_001, 100)]
        wrong += min(ratio_p_value(seen.tolist(), [2, 1, 1]) for seen in sizes) <= 0.05
    assert stats.binomtest(wrong, 150, 0.05, alternative="greater").pvalue > 0.01
    assert ratio_p_value([5_000, 5_600], [1, 1]) < 1e-4
    assert ratio_p_value([5_000, 5_060], [1, 1]) > 0.5
    assert ratio_p_value([0, 0], [1, 1]) == 1


def test_nothing_is_said_where_nothing_varies_or_nobody_is() -> None:
    assert compare(Sums(), Sums(100, 5, 5), ALPHA) is None
    assert compare(Sums(100, 0, 0), Sums(100, 0, 0), ALPHA) is None


def test_the_size_needed_gives_the_power_that_was_asked_for() -> None:
    mean, variance, relative = 0.1, 0.09, 0.3
    size = size_needed(mean, variance, relative)
    rng, error = np.random.default_rng(6), math.sqrt(4 * variance / size.fixed)
    found = rng.normal(mean * relative, error, 20_000)
    assert (np.abs(found) > 1.96 * error).mean() == pytest.approx(0.8, abs=0.02)
    late = math.sqrt(4 * variance / size.sequential)
    found = rng.normal(mean * relative, late, 20_000)
    is_found = found > sequential_radius(late, size.sequential, ALPHA, size.fixed)
    assert is_found.mean() == pytest.approx(0.8, abs=0.02)
    assert 1.2 < size.sequential / size.fixed < 2.5
    assert size_needed(mean, variance, relative, variants=3).fixed > 1.5 * size.fixed
