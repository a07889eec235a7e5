"""The small mathematics: calibration, grades, measures, shrinkage, joined trees, time windows."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring import boosting, calibration, grades, metrics, reasons, splits
from scoring.logit import row_losses, sigmoid

LOGITS = st.floats(-15, 15)


@pytest.mark.parametrize("name", ["grades", "logit", "metrics", "reasons", "sensitive", "text"])
def test_examples_in_docstrings_hold(name: str) -> None:
    module = importlib.import_module(f"scoring.{name}")
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_calibrators_mend_overconfident_scores_and_keep_the_order(method: str) -> None:
    random = np.random.default_rng(0)
    truth = random.normal(-1, 1, 20_000)
    label = (random.random(20_000) < sigmoid(truth)).astype(float)
    raw = 2.5 * truth + 1
    fitted = calibration.FITTERS[method](label, raw)
    assert row_losses(label, fitted.apply(raw)).mean() < row_losses(label, raw).mean() - 0.02
    assert row_losses(label, fitted.apply(raw)).mean() < row_losses(label, truth).mean() + 0.003
    assert (np.diff(fitted.apply(np.linspace(-15, 15, 500))) >= 0).all()
    assert calibration.Calibrator.from_json(fitted.to_json()) == fitted


def test_calibrated_scores_are_left_alone() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(-1, 1, 6_000)
    label = (random.random(6_000) < sigmoid(truth)).astype(float)
    chosen, losses, logit = calibration.choose(label, truth, splits.stratified(label, seed=0))
    assert chosen.method == "none"
    assert set(losses) == {"none", "platt", "beta", "isotonic"}
    assert (logit == truth).all()


def test_overconfident_scores_are_calibrated_by_choice() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(-1, 1, 3_000)
    label = (random.random(3_000) < sigmoid(truth)).astype(float)
    chosen, losses, _ = calibration.choose(label, 3 * truth, splits.stratified(label, seed=0))
    assert chosen.method in ("platt", "beta")
    assert losses[chosen.method] < losses["none"]


@settings(max_examples=50, deadline=None)
@given(parts=arrays(np.float64, (3, 4), elements=st.floats(-8, 8)), base=LOGITS)
def test_shares_sum_to_the_step_from_base_to_probability(parts: np.ndarray, base: float) -> None:
    shares = reasons.to_probability(parts, np.full(3, base))
    step = sigmoid(base + parts.sum(axis=1)) - sigmoid(np.full(3, base))
    assert np.allclose(shares.sum(axis=1), step, atol=1e-9)
    assert (np.sign(shares) * np.sign(parts) >= 0).all()


def test_grades_have_the_shares_that_they_promise() -> None:
    probability = np.random.default_rng(0).random(10_000)
    given_grades = grades.grade(probability, grades.find_edges(probability))
    for letter, share in zip(grades.GRADES, grades.SHARES, strict=True):
        assert (given_grades == letter).mean() == pytest.approx(share, abs=0.001)


def test_equal_scores_lift_nobody() -> None:
    same = np.full(50, 0.2)
    assert set(grades.grade(same, grades.find_edges(same))) == {"E"}


def test_measures_of_a_perfect_and_of_a_blind_score() -> None:
    label = np.array([0.0] * 90 + [1.0] * 10)
    perfect = metrics.measure(label, label * 0.998 + 0.001)
    assert perfect["roc_auc"] == perfect["pr_auc"] == 1
    assert perfect["lift_at_10"] == pytest.approx(10)
    blind = metrics.measure(label, np.full(100, 0.1))
    assert blind["roc_auc"] == 0.5
    assert blind["lift_at_10"] == pytest.approx(1)
    assert blind["ece"] == pytest.approx(0)
    assert np.isnan(metrics.measure(np.zeros(5), np.full(5, 0.1))["roc_auc"])


def test_expected_calibration_error_counts_the_gap() -> None:
    label = np.array([1.0] * 30 + [0.0] * 70)
    assert metrics.expected_calibration_error(label, np.full(100, 0.5)) == pytest.approx(0.2)


def test_joined_trees_give_the_mean_of_their_parts() -> None:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(400, 3))
    rows = boosting.Rows(matrix, (matrix[:, 0] + random.normal(size=400) > 0).astype(float), [])
    parts = [boosting.fit_rounds(rows, boosting.Shape(4), 20, seed=s, threads=1) for s in range(3)]
    mean = np.mean([part.predict(matrix, raw_score=True) for part in parts], axis=0)
    joined = boosting.join(parts)
    assert joined.num_trees() == 60
    assert np.allclose(joined.predict(matrix, raw_score=True), mean, atol=1e-12)
    contributions = np.mean([part.predict(matrix, pred_contrib=True) for part in parts], axis=0)
    assert np.allclose(joined.predict(matrix, pred_contrib=True), contributions, atol=1e-10)


def test_time_windows_never_teach_from_the_future() -> None:
    random = np.random.default_rng(0)
    time = np.sort(random.integers(0, 50, 500)).astype(float)
    label = (random.random(500) < 0.4).astype(float)
    windows = splits.by_time(time, label)
    assert len(windows) == 2
    for past, future in windows:
        assert time[past].max() < time[future].min()
    assert splits.by_time(np.zeros(500), label) == []


def test_stratified_folds_cover_every_row_once_with_equal_rates() -> None:
    label = (np.random.default_rng(0).random(1_000) < 0.1).astype(float)
    folds = splits.stratified(label, seed=3)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(1_000))
    assert {round(float(label[test].sum())) for _, test in folds} <= {label.sum() // 4, label.sum() // 4 + 1}
