"""Expected deal value: calibrated totals, honest intervals, tenants' own levels, what is refused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import scoring
from scoring import errors, kinds, value
from scoring.adaptation import key_of
from scoring.value import ValueModel
from tests.scoring import leads

LEVELS = {"small": 0.3, "large": 4.0}


def make(rows: int, *, seed: int) -> pl.DataFrame:
    """Deals of two tenants; the mean doubles with each size, and a deal is a gamma draw around it."""
    random = np.random.default_rng(seed)
    tenant, size = random.choice(list(LEVELS), rows), random.integers(0, 4, rows)
    mean = 10_000.0 * 2.0**size * np.array([LEVELS[t] for t in tenant])
    return pl.DataFrame(
        {"tenant_id": tenant, "size": size, "noise": random.normal(size=rows), "value_cents": random.gamma(4, mean / 4)}
    ).with_columns(pl.Series("mean", mean))


@pytest.fixture(scope="module")
def model() -> ValueModel:
    return value.train(make(2_000, seed=0), label="value_cents", tenant="tenant_id", drop=["mean"], budget=1)


def test_values_come_near_the_true_means_of_each_tenant(model: ValueModel) -> None:
    unseen = make(2_000, seed=1)
    told = model.predict(unseen)
    ratio = (told["value"] / unseen["mean"]).to_numpy()
    assert 0.9 < np.median(ratio) < 1.1
    for name in LEVELS:
        mine = unseen["tenant_id"] == name
        assert told.filter(mine)["value"].sum() / unseen.filter(mine)["value_cents"].sum() == pytest.approx(1, abs=0.12)


def test_nine_deals_of_ten_fall_into_the_interval(model: ValueModel) -> None:
    unseen = make(2_000, seed=2)
    told = model.predict(unseen)
    inside = unseen["value_cents"].is_between(told["value_low"], told["value_high"]).mean()
    assert inside == pytest.approx(0.9, abs=0.05)


def test_model_beats_the_mean_and_says_so(model: ValueModel) -> None:
    assert model.metrics["gamma_deviance"] < model.metrics["gamma_deviance_of_the_mean"]
    assert model.metrics["total_ratio"] == pytest.approx(1, abs=0.01)


def test_one_deal_equals_the_batch_and_a_registry_gives_the_model_back(model: ValueModel, tmp_path: Path) -> None:
    registry = scoring.Registry(tmp_path, kinds.DEAL_VALUE.read)
    version = registry.publish(model)
    again = registry.load(version)
    assert again.fingerprint == model.fingerprint
    assert "gamma_deviance" in registry.card(version)
    assert registry.load(version, tenants=["small"]).tenants == {key_of("small"): model.tenants[key_of("small")]}
    for lead in make(5, seed=3).rows(named=True):
        expected = model.predict(pl.DataFrame([lead]))["value"][0]
        assert again.predict_one(lead, tenant=lead["tenant_id"]) == pytest.approx(expected)
    assert not [name for name in LEVELS if name in "".join(model.files().values())]


@pytest.mark.parametrize("bad", [-1.0, float("inf")])
def test_impossible_value_is_refused_by_name(bad: float) -> None:
    frame = make(50, seed=4).with_columns(pl.lit(bad).alias("value_cents"))
    with pytest.raises(errors.LabelError, match="'value_cents'"):
        value.train(frame, label="value_cents")


def test_too_few_deals_are_refused() -> None:
    with pytest.raises(errors.TooLittleData):
        value.train(make(12, seed=5), label="value_cents")


def test_grades_by_value_are_each_tenants_own_and_live_in_its_own_file(tmp_path: Path) -> None:
    frame = leads.pooled({"a": (400, -0.8), "b": (400, -0.2), "c": (400, -1.2)})
    chance = scoring.train(frame, label="won", tenant="tenant_id", drop=["truth", "day"], budget=1)
    deals = frame.filter(pl.col("won") == 1).with_columns((pl.col("visits") * 1_000.0 + 500).alias("value_cents"))
    worth = value.train(deals, label="value_cents", tenant="tenant_id", drop=["truth", "day", "won"], budget=1)
    model = chance.with_value(worth, frame, capacity={"a": 0.05, "b": 0.2})
    scores = frame.select("tenant_id").hstack(model.score(frame, reasons=0))
    for name, share in (("a", 0.05), ("b", 0.2)):
        own = scores.filter(pl.col("tenant_id") == name).sort("expected_value", descending=True)["grade"].to_list()
        assert own == sorted(own)
        assert own.count("A") / len(own) == pytest.approx(share, abs=0.03)
    is_c = frame["tenant_id"] == "c"
    assert scores.filter(is_c)["grade"].equals(chance.score(frame.filter(is_c), reasons=0)["grade"])

    folder = model.save(tmp_path / "valued")
    lead = frame.row(3, named=True)
    for again in (scoring.load(folder), scoring.load(folder, tenants=["a"])):
        assert again.score_one(lead) == model.score_one(lead)
    assert list(scoring.load(folder, tenants=["c"]).value_edges) == []
    usual = chance.with_value(worth, frame, capacity={"a": None}).score(frame.filter(pl.col("tenant_id") == "a"))
    assert (usual["grade"] == "A").mean() == pytest.approx(0.1, abs=0.02)
    with pytest.raises(errors.EmptyFrame, match="tenant d"):
        chance.with_value(worth, frame, capacity={"d": 0.1})
