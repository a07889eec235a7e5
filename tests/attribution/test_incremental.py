"""Incremental credit: sums, placebo channels, what it is robust to. Truth in the sandbox's worlds is in test_truth."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from scipy.optimize import approx_fprime

import attribution
from attribution.intent import Response, find_profiles
from tests.attribution.test_properties import ROWS, as_frame

CHANNELS = ["a", "b", "placebo"]
FEW = settings(max_examples=8, deadline=None)


def world(people: int, seed: int, *, gain: float = 0.0) -> tuple[pl.DataFrame, np.ndarray]:
    """Journeys that run their course and then convert or not; intent adds touches, tilts to the placebo, and buys."""
    rng = np.random.default_rng(seed)
    intent = rng.standard_normal(people)
    lengths = 1 + rng.poisson(np.exp(0.3 + 0.4 * (gain > 0) * intent))
    odds = np.exp(np.outer(intent * (gain > 0), [0.0, -0.3, 0.6]))
    paths, counts = [], np.zeros((people, 3))
    for person, length in enumerate(lengths):
        drawn = rng.choice(3, size=length, p=odds[person] / odds[person].sum())
        counts[person] = np.bincount(drawn, minlength=3)
        paths.append([CHANNELS[code] for code in drawn])
    pushes = np.array([1.2, 0.6, 0.0]) * (1 - np.exp(-counts))
    chance = 1 / (1 + np.exp(-(-2.0 + gain * intent + pushes.sum(axis=1))))
    won = rng.random(people) < chance
    without = 1 / (1 + np.exp(-(-2.0 + gain * intent + pushes.sum(axis=1))[:, None] + pushes))
    truth = (chance[:, None] - without).sum(axis=0)
    frame = pl.DataFrame({"path": paths, "conversions": won * 1.0, "nulls": ~won * 1.0, "intent": intent})
    return frame.with_columns(value=pl.col("conversions") * 100.0), truth


def removal(found: pl.DataFrame) -> np.ndarray:
    return found.drop_nulls("removal")["removal"].to_numpy()


@given(rows=ROWS)
@FEW
def test_channels_and_baseline_sum_to_conversions_and_value(rows: Any) -> None:
    frame = as_frame(rows).with_columns(nulls=pl.col("nulls") + 1)
    for latent in (True, False):
        found = attribution.credit(frame, "incremental", latent=latent)
        assert found["channel"][-1] == attribution.BASELINE
        assert found["conversions"].sum() == pytest.approx(frame["conversions"].sum(), abs=1e-9)
        assert found["value"].sum() == pytest.approx(frame["value"].sum(), abs=1e-7)
        assert (found["conversions"] >= -1e-9).all()
        assert found.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("timing", ["end", "touch"])
@pytest.mark.parametrize("latent", [True, False])
def test_the_gradient_is_that_of_the_likelihood(timing: str, latent: bool) -> None:
    paths = attribution.read_paths(world(60, seed=1, gain=0.8)[0])
    profiles = find_profiles(paths, timing)
    response = Response(profiles, latent=latent)
    theta = np.random.default_rng(2).normal(0, 0.4, len(response.layout.widths))
    _, slope = response.evaluate(theta)
    numeric = approx_fprime(theta, lambda x: response.evaluate(x)[0], 1e-6)
    assert np.allclose(slope, numeric, atol=1e-3)
    won, lost = response.scores(theta)
    assert np.allclose(profiles.won @ won + profiles.lost @ lost, theta / response.layout.widths**2 - slope)


def test_order_of_rows_and_names_of_channels_do_not_matter() -> None:
    frame = world(1500, seed=3, gain=0.8)[0]
    once = attribution.incremental_credit(frame)
    turned = attribution.incremental_credit(frame.reverse())
    names = {"a": "y", "b": "x", "placebo": "w"}
    renamed = attribution.incremental_credit(frame.with_columns(pl.col("path").list.eval(pl.element().replace(names))))
    assert np.allclose(removal(once), removal(turned), rtol=1e-3, atol=0.1)
    assert np.allclose(removal(once), removal(renamed)[::-1], rtol=1e-2, atol=0.5)


def test_without_confounding_the_effect_is_found_and_a_placebo_gets_none() -> None:
    frame, truth = world(6000, seed=4)
    found = removal(attribution.incremental_credit(frame, latent=False, timing="end"))
    assert np.allclose(found[:2], truth[:2], rtol=0.2)
    assert abs(found[2]) < 0.05 * frame["conversions"].sum()


def test_hidden_intent_is_seen_in_what_touches_have_in_common() -> None:
    frame, truth = world(8000, seed=5, gain=1.2)
    hidden, naive = (removal(attribution.incremental_credit(frame, latent=x, timing="end")) for x in (True, False))
    known = removal(attribution.incremental_credit(frame, covariates=["intent"], latent=False, timing="end"))
    wrong = {name: np.abs(x - truth).sum() for name, x in (("hidden", hidden), ("naive", naive), ("known", known))}
    assert wrong["hidden"] < 0.5 * wrong["naive"]
    assert wrong["known"] < 0.5 * wrong["naive"]
    last = attribution.credit(frame, "last")["conversions"].to_numpy()
    assert wrong["hidden"] < 0.25 * np.abs(last - truth).sum()


def test_a_world_that_converts_between_touches_is_told_from_one_that_runs_its_course() -> None:
    rng = np.random.default_rng(6)
    rows = []
    for _ in range(4000):
        path: list[str] = []
        sold = False
        while not sold:
            path.append("ab"[rng.integers(2)])
            sold = rng.random() < 1 / (1 + np.exp(2.5 - 2.0 * (1 - np.exp(-path.count("a")))))
            if not sold and rng.random() < 0.3:
                break
        rows.append((path, float(sold), float(not sold)))
    frame = pl.DataFrame(rows, schema=["path", "conversions", "nulls"], orient="row")
    touch = attribution.incremental_credit(frame, timing="touch")
    assert attribution.incremental_credit(frame)["removal"].equals(touch["removal"])
    removed = dict(touch.select("channel", "removal").iter_rows())
    assert removed["a"] > 4 * abs(removed["b"])
    course = world(3000, seed=7, gain=0.8)[0]
    end = attribution.incremental_credit(course, timing="end")
    assert attribution.incremental_credit(course)["removal"].equals(end["removal"])


def test_intervals_hold_the_point_and_repeat_exactly() -> None:
    frame = world(2000, seed=8, gain=0.8)[0]
    once, again = (attribution.incremental_credit(frame, intervals=0.9, replicates=200) for _ in range(2))
    assert once.equals(again)
    assert (once["conversions_low"] <= once["conversions"]).all()
    assert (once["conversions"] <= once["conversions_high"]).all()
    plain = attribution.incremental_credit(frame)
    assert np.allclose(plain["conversions"], once["conversions"], rtol=1e-3, atol=0.05)
    wide = attribution.incremental_credit(frame.head(500), intervals=0.9, replicates=200)
    widths = [(x["removal_high"] - x["removal_low"]) / x["removal"].sum() for x in (once, wide)]
    assert (widths[1].drop_nulls() > widths[0].drop_nulls()).all()


def test_a_share_of_many_journeys_gives_about_the_same_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = world(8000, seed=10)[0]
    whole = attribution.incremental_credit(frame, latent=False, timing="touch", intervals=0.9, replicates=100)
    monkeypatch.setattr("attribution.incremental._MOST_TRIALS", 400)
    part = attribution.incremental_credit(frame, latent=False, timing="touch", intervals=0.9, replicates=100)
    assert not np.allclose(removal(whole), removal(part))
    assert np.abs(removal(whole) - removal(part)).max() < 0.15 * removal(whole).sum()
    assert part["conversions"].sum() == pytest.approx(frame["conversions"].sum())
    widths = [(x["removal_high"] - x["removal_low"]).sum() for x in (whole, part)]
    assert widths[1] > widths[0]


@pytest.mark.slow
def test_a_ninety_percent_interval_covers_about_ninety_percent_of_worlds() -> None:
    hits = []
    for seed in range(24):
        frame, truth = world(1500, seed=100 + seed, gain=0.8)
        found = attribution.incremental_credit(frame, timing="end", intervals=0.9, replicates=200).drop_nulls("removal")
        hits.append((found["removal_low"].to_numpy() <= truth) & (truth <= found["removal_high"].to_numpy()))
    # 72 answers: three standard errors of a true 0.9 are 0.106.
    assert np.mean(hits) > 0.79


class TestBadInput:
    def test_without_null_journeys_nothing_can_be_learnt(self) -> None:
        frame = pl.DataFrame({"path": [["a"]], "conversions": [5]})
        with pytest.raises(attribution.errors.NoNulls, match="no journey ends without a conversion"):
            attribution.incremental_credit(frame)

    def test_parameters_are_named(self) -> None:
        frame = world(50, seed=9)[0]
        for wrong, says in (
            ({"latent": 1}, "latent"),
            ({"timing": "later"}, "timing"),
            ({"covariates": ["intent"], "intervals": 0.9}, "intervals with covariates"),
        ):
            with pytest.raises(attribution.errors.BadParameter, match=says):
                attribution.incremental_credit(frame, **wrong)
        with pytest.raises(attribution.errors.BadParameter, match="frame of paths"):
            attribution.incremental_credit(attribution.read_paths(frame), covariates=["intent"])
        with pytest.raises(attribution.errors.MissingColumn, match="mood"):
            attribution.incremental_credit(frame, covariates=["mood"])

    def test_too_many_channels_say_so(self) -> None:
        frame = pl.DataFrame({"path": [[f"c{i}"] for i in range(300)], "conversions": 1, "nulls": 1})
        with pytest.raises(attribution.errors.TooManyChannels, match="roll rare channels up"):
            attribution.incremental_credit(frame)

    def test_no_conversion_gives_nobody_anything(self) -> None:
        found = attribution.incremental_credit(pl.DataFrame({"path": [["a"], ["b"]], "conversions": 0, "nulls": 9}))
        assert found["conversions"].to_list() == [0.0, 0.0, 0.0]
