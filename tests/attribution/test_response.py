"""Response curves and the budgets they suggest, against curves that are known."""

import numpy as np
import polars as pl
import pytest

import attribution

TRUE = {"a": (3.0, 80.0, 40.0), "b": (5.0, 60.0, 120.0), "c": (2.0, 10.0, 30.0)}


def weeks(count: int, seed: int, noise: float = 4.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for name, (base, top, half) in TRUE.items():
        spend = rng.gamma(2, 40, count)
        results = base + top * spend / (spend + half) + noise * rng.normal(size=count)
        parts.append(
            pl.DataFrame({"channel": name, "period": range(count), "spend": spend, "results": np.maximum(results, 0)})
        )
    return pl.concat(parts)


def added(name: str, spend: float) -> float:
    _, top, half = TRUE[name]
    return top * spend / (spend + half)


def test_a_known_curve_is_found() -> None:
    curves = attribution.fit_curves(weeks(150, seed=1, noise=1.5), replicates=50)
    for spend in (30.0, 80.0, 150.0):
        found = curves.results(np.full(3, spend))[0]
        assert found == pytest.approx([added(name, spend) for name in TRUE], rel=0.2, abs=2.0)
    table = curves.frame
    assert table["channel"].to_list() == list(TRUE)
    assert (table["marginal"] < table["average"]).all()
    assert (table["results_low"] <= table["results"]).all()
    assert (table["results"] <= table["results_high"]).all()
    assert table["fit"].to_list()[:2] > [0.7, 0.7]


def test_marginal_results_are_the_slope_of_the_curve() -> None:
    for form, shape in (("hill", 1.0), ("hill", 0.6), ("log", 1.0)):
        curves = attribution.fit_curves(weeks(60, seed=2), form=form, shape=shape, replicates=10)
        spend = np.array([20.0, 50.0, 90.0])
        slope = (curves.results(spend + 1e-4) - curves.results(spend - 1e-4)) / 2e-4
        assert np.allclose(curves.marginal(spend), slope, rtol=1e-4)


@pytest.mark.slow
def test_the_interval_of_what_spend_adds_covers_the_truth_in_about_nine_of_ten_worlds() -> None:
    inside = []
    for seed in range(80):
        curves = attribution.fit_curves(weeks(60, seed=100 + seed), replicates=200)
        # At the mean spend the difference to spending nothing is asked, the quantity a budget is moved by.
        truth = np.array([added(name, spend) for name, spend in zip(TRUE, curves.spend, strict=True)])
        table = curves.frame
        inside.append((table["results_low"].to_numpy() <= truth) & (truth <= table["results_high"].to_numpy()))
    assert 0.8 <= np.mean(inside) <= 0.97


def test_the_proposed_split_is_the_best_of_many() -> None:
    curves = attribution.fit_curves(weeks(150, seed=3), replicates=50)
    found = attribution.reallocate(curves, change=None)
    proposed = found["proposed"].to_numpy()[:3]
    assert proposed.sum() == pytest.approx(curves.spend.sum())
    best = curves.results(proposed)[0].sum()
    rng = np.random.default_rng(1)
    others = rng.dirichlet(np.ones(3), 2000) * curves.spend.sum()
    assert max(curves.results(other)[0].sum() for other in others) <= best + 1e-6
    inner = proposed > 1e-6
    marginal = curves.marginal(proposed)[0][inner]
    assert np.allclose(marginal, marginal[0], rtol=1e-3)
    assert found["channel"][-1] == "(total)"
    assert found["gain"][-1] == pytest.approx(found["gain"].to_numpy()[:3].sum())
    assert found["gain"][-1] > 0
    assert found["gain_low"][-1] <= found["gain"][-1] <= found["gain_high"][-1]


def test_channels_move_no_further_than_allowed_and_budgets_are_met() -> None:
    curves = attribution.fit_curves(weeks(100, seed=4), replicates=20)
    held = attribution.reallocate(curves, change=0.2)
    ratio = held["proposed"].to_numpy()[:3] / curves.spend
    assert ratio.min() >= 0.8 - 1e-9
    assert ratio.max() <= 1.2 + 1e-9
    same = attribution.reallocate(curves, change=0.0)
    assert same["gain"].to_list() == pytest.approx([0.0] * 4)
    capped = attribution.reallocate(curves, budget=150.0, change=None, limits={"a": (0.0, 10.0)})
    assert capped["proposed"][0] <= 10.0
    assert capped["proposed"][-1] == pytest.approx(150.0)
    with pytest.raises(attribution.errors.BadParameter, match="can't be met"):
        attribution.reallocate(curves, budget=10 * curves.spend.sum(), change=0.2)


def test_a_channel_that_brings_nothing_gives_its_budget_away() -> None:
    rng = np.random.default_rng(5)
    flat = pl.DataFrame({"channel": "z", "period": range(80), "spend": rng.gamma(2, 40, 80), "results": 7.0})
    curves = attribution.fit_curves(pl.concat([weeks(80, seed=5), flat]), replicates=20)
    found = attribution.reallocate(curves)
    assert found["results"][3] == pytest.approx(0.0, abs=1e-9)
    assert found["proposed"][3] == pytest.approx(curves.spend[3] * 0.5)


def test_carried_over_spend_counts_in_later_periods() -> None:
    rng = np.random.default_rng(6)
    spend = rng.gamma(1, 60, 200)
    felt = spend.copy()
    for i in range(1, 200):
        felt[i] = spend[i] * 0.4 + felt[i - 1] * 0.6
    history = pl.DataFrame(
        {"channel": "a", "period": range(200), "spend": spend, "results": 5 + 80 * felt / (felt + 40)}
    )
    fits = [attribution.fit_curves(history, carry=carry, replicates=10).fit[0] for carry in (0.0, 0.6)]
    assert fits[1] > 0.99 > fits[0]


class TestBadInput:
    def test_faults_are_named(self) -> None:
        good = weeks(20, seed=7)
        for wrong, says in (
            (good.head(5), "too few"),
            (good.with_columns(spend=0.0), "nothing was ever spent"),
            (pl.concat([good, good]), "period twice"),
            (good.clear(), "no row"),
        ):
            with pytest.raises(attribution.errors.BadColumn, match=says):
                attribution.fit_curves(wrong)
        with pytest.raises(attribution.errors.NegativeAmount, match="spend"):
            attribution.fit_curves(good.with_columns(spend=-1.0))
        for name, wrong_value in (("form", "cubic"), ("shape", 2.0), ("carry", 1.0), ("level", 90)):
            with pytest.raises(attribution.errors.BadParameter, match=name):
                attribution.fit_curves(good, **{name: wrong_value})
        curves = attribution.fit_curves(good, replicates=10)
        for name, wrong_value in (("budget", -1.0), ("change", -0.5), ("limits", {"x": (0.0, 1.0)})):
            with pytest.raises(attribution.errors.BadParameter, match=name):
                attribution.reallocate(curves, **{name: wrong_value})
