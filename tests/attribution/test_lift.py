"""Lift from hold-outs, and credit calibrated by it."""

import numpy as np
import polars as pl
import pytest

import attribution

CREDITS = pl.DataFrame(
    {
        "channel": ["a", "b", "c", "d"],
        "conversions": [100.0, 80.0, 40.0, 20.0],
        "value": [1000.0, 400.0, 400.0, 100.0],
        "conversions_low": [90.0, 70.0, 35.0, 12.0],
        "conversions_high": [110.0, 90.0, 45.0, 28.0],
    }
)


def lift(*rows: tuple[str, float, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["channel", "effect", "standard_error"], orient="row")


def test_the_interval_of_a_measured_lift_covers_the_true_effect() -> None:
    rng = np.random.default_rng(1)
    people, held = 20_000, 5_000
    rows = pl.DataFrame(
        {
            "channel": ["a"] * 2000,
            "people": people,
            "conversions": rng.binomial(people, 0.05, 2000),
            "held_people": held,
            "held_conversions": rng.binomial(held, 0.04, 2000),
        }
    )
    found = attribution.measure_lift(rows)
    inside = (found["effect"] - 200).abs() <= 1.645 * found["standard_error"]
    assert 0.87 <= inside.mean() <= 0.93
    assert found["effect"].mean() == pytest.approx(200, rel=0.02)


def test_a_sure_experiment_decides_and_an_unsure_one_is_passed_over() -> None:
    sure = attribution.calibrate(CREDITS, lift(("a", 30.0, 0.01)))
    assert sure["conversions"][0] == pytest.approx(30.0, abs=0.01)
    assert sure["experiment_weight"].to_list()[:4] == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-3)
    unsure = attribution.calibrate(CREDITS, lift(("a", 30.0, 1e6)))
    assert unsure["conversions"][0] == pytest.approx(100.0, abs=0.01)


def test_precision_weighs_and_both_sums_are_kept_by_the_baseline() -> None:
    found = attribution.calibrate(CREDITS, lift(("a", 30.0, 20.0), ("b", 90.0, 10.0)), bias=0.3)
    chance = 20.0 / (2 * 1.6448536)
    variance = chance**2 + (0.3 * 100) ** 2
    weight = variance / (variance + 400)
    assert found["conversions"][0] == pytest.approx(100 + weight * (30 - 100))
    assert found["experiment_weight"][0] == pytest.approx(weight)
    half = 1.6448536 * np.sqrt((1 - weight) * variance)
    assert found["conversions_high"][0] - found["conversions"][0] == pytest.approx(half)
    assert found["channel"][-1] == attribution.BASELINE
    assert found["conversions"].sum() == pytest.approx(240.0)
    assert found["value"].sum() == pytest.approx(1900.0)
    assert found["value"][0] == pytest.approx(10 * found["conversions"][0])


def test_several_experiments_of_a_channel_are_combined_by_precision() -> None:
    twice = attribution.calibrate(CREDITS, lift(("a", 40.0, 10.0), ("a", 60.0, 20.0)))
    assert twice["lift"][0] == pytest.approx((40 / 100 + 60 / 400) / (1 / 100 + 1 / 400))
    once = attribution.calibrate(CREDITS, lift(("a", 44.0, np.sqrt(80.0))))
    assert twice["conversions"][0] == pytest.approx(once["conversions"][0])


def test_the_models_own_error_is_learnt_from_three_experiments() -> None:
    right = attribution.calibrate(CREDITS, lift(("a", 100.0, 5.0), ("b", 80.0, 5.0), ("c", 40.0, 5.0)))
    wrong = attribution.calibrate(CREDITS, lift(("a", 10.0, 5.0), ("b", 8.0, 5.0), ("c", 4.0, 5.0)))
    assert right["experiment_weight"][0] < 0.7 < 0.99 < wrong["experiment_weight"][0]
    widths = [x["conversions_high"][3] - x["conversions_low"][3] for x in (right, wrong)]
    assert widths[0] < widths[1]


def test_more_lift_than_conversions_is_held_to_the_total() -> None:
    found = attribution.calibrate(CREDITS, lift(("a", 300.0, 30.0)))
    assert found["conversions"].sum() == pytest.approx(240.0)
    assert found["conversions"][-1] == pytest.approx(0.0, abs=1e-6)
    assert (found["conversions"] >= -1e-9).all()


def test_a_baseline_line_of_the_credit_is_taken_into_the_rest() -> None:
    credits = pl.DataFrame({"channel": ["a", attribution.BASELINE], "conversions": [60.0, 40.0]})
    found = attribution.calibrate(credits, lift(("a", 20.0, 1.0)))
    assert found["channel"].to_list() == ["a", attribution.BASELINE]
    assert found["conversions"].sum() == pytest.approx(100.0)


@pytest.mark.slow
def test_calibrated_credit_is_nearer_the_truth_than_either_source() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([120.0, 60.0, 30.0, 90.0, 10.0])
    names = list("abcde")
    miss = {"model": [], "experiment": [], "both": []}
    for _ in range(200):
        model = truth * np.exp(rng.normal(0, 0.4, 5))
        tested = truth + rng.normal(0, 30, 5)
        credits = pl.DataFrame({"channel": [*names, attribution.BASELINE], "conversions": [*model, 1000 - model.sum()]})
        found = attribution.calibrate(credits, lift(*zip(names, tested, [30.0] * 5, strict=True)))
        for name, guess in (("model", model), ("experiment", tested), ("both", found["conversions"].to_numpy()[:5])):
            miss[name].append(np.abs(guess - truth).sum())
    means = {name: np.mean(found) for name, found in miss.items()}
    assert means["both"] < 0.85 * min(means["model"], means["experiment"])


class TestBadInput:
    def test_faults_are_named(self) -> None:
        with pytest.raises(attribution.errors.NegativeAmount, match="standard_error is 0"):
            attribution.calibrate(CREDITS, lift(("a", 1.0, 0.0)))
        with pytest.raises(attribution.errors.BadColumn, match="no credit for x"):
            attribution.calibrate(CREDITS, lift(("x", 1.0, 1.0)))
        with pytest.raises(attribution.errors.BadParameter, match="bias"):
            attribution.calibrate(CREDITS, lift(("a", 1.0, 1.0)), bias=-1)
        arms = {"channel": ["a"], "people": [10], "conversions": [11], "held_people": [10], "held_conversions": [1]}
        with pytest.raises(attribution.errors.BadColumn, match="more conversions than people"):
            attribution.measure_lift(pl.DataFrame(arms))
        with pytest.raises(attribution.errors.BadColumn, match="no people"):
            attribution.measure_lift(pl.DataFrame(arms).with_columns(held_people=0, held_conversions=0))

    def test_no_experiment_changes_nothing(self) -> None:
        found = attribution.calibrate(CREDITS, lift(("a", 1.0, 1.0)).clear())
        assert found["conversions"].to_list()[:4] == CREDITS["conversions"].to_list()
        assert found["lift"].null_count() == 5
