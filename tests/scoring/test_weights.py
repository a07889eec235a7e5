"""Weights of leads: twice is twice, once is nothing, and what a probability means does not move."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scoring
from scoring import errors
from scoring.adaptation import posterior
from scoring.boosting import Rows, Shape, fit_rounds
from scoring.logit import sigmoid
from tests.scoring import leads


def train(frame: pl.DataFrame, weight: pl.Expr | None = None, **options: object) -> scoring.LeadModel:
    if weight is not None:
        frame, options["weight"] = frame.with_columns(weight.alias("counts")), "counts"
    return scoring.train(frame, label="won", **{"drop": ["truth", "day"], "budget": 1, **options})  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(5, 60))
def test_weight_two_teaches_a_tenants_slopes_what_the_row_twice_does(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    design = np.column_stack([np.ones(rows), random.normal(size=(rows, 2))])
    offset, label = random.normal(size=rows), (random.random(rows) < 0.4).astype(float)
    often = random.integers(1, 3, rows)
    prior = (np.zeros(3), np.full(3, 0.5), np.zeros(3), 25)
    weighed = posterior(design, offset, label, *prior, often.astype(float))
    again = np.repeat(np.arange(rows), often)
    repeated = posterior(design[again], offset[again], label[again], *prior, 1.0)
    for one, other in zip(weighed, repeated, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_weight_two_teaches_the_trees_what_the_row_twice_does() -> None:
    """Near, not equal: bags are drawn by rows, so the dice of the two trainings differ."""
    random = np.random.default_rng(0)
    kind = random.integers(0, 2, 4_000).astype(float)
    label = (random.random(4_000) < np.where(kind == 1, 0.5, 0.2)).astype(float)
    often = np.where(label == 1, 2, 1)
    rows, both = Rows(kind[:, None], label, ()), np.array([[0.0], [1.0]])

    def learned(taught: Rows) -> np.ndarray:
        booster = fit_rounds(taught, Shape(4, columns=1.0), 200, seed=0, threads=1)
        return np.asarray(sigmoid(np.asarray(booster.predict(both, raw_score=True))))

    weighed = learned(replace(rows, weight=often.astype(float)))
    repeated = learned(rows.take(np.repeat(np.arange(4_000), often)))
    np.testing.assert_allclose(weighed, repeated, atol=0.01)
    assert (weighed > learned(rows) + 0.08).all()


def test_weight_one_everywhere_gives_the_model_of_no_weight_bit_for_bit(
    frame: pl.DataFrame, model: scoring.LeadModel
) -> None:
    assert train(frame, pl.lit(1.0)).fingerprint == model.fingerprint


def test_a_weight_is_no_feature_moves_the_model_and_is_counted(frame: pl.DataFrame, model: scoring.LeadModel) -> None:
    weighed = train(frame, 1 + (pl.col("source") == "ads").cast(pl.Int64))
    assert weighed.features == model.features
    assert weighed.booster_text != model.booster_text
    assert weighed.metrics["data"]["weighted"] == frame.filter(pl.col("source") == "ads").height
    assert weighed.metrics["validation"]["n"] == model.metrics["validation"]["n"]


def test_weights_that_favour_one_outcome_are_calibrated_away(frame: pl.DataFrame) -> None:
    model = train(frame, pl.when(pl.col("won") == 0).then(2.0).otherwise(1.0))
    assert model.score(frame, reasons=0)["probability"].mean() == pytest.approx(frame["won"].mean(), abs=0.02)


@pytest.mark.parametrize("apart", [(), ("b",)], ids=["pooled", "one apart"])
def test_a_probability_means_the_same_for_each_tenant_whatever_the_weights(apart: tuple[str, ...]) -> None:
    frame = leads.pooled({"a": (900, -0.8), "b": (900, 0.2), "c": (900, -1.4)})
    lost_count_twice = pl.when((pl.col("won") == 0) & (pl.col("tenant_id") != "c")).then(2.0).otherwise(1.0)
    model = train(frame, lost_count_twice, tenant="tenant_id", apart=apart)
    scored = frame.with_columns(model.score(frame, reasons=0)["probability"])
    for _, own in scored.group_by("tenant_id"):
        assert own["probability"].mean() == pytest.approx(own["won"].mean(), abs=0.03)


@pytest.mark.parametrize(
    ("odd", "told"),
    [(0.0, "holds 0.0"), (-1.0, "holds -1.0"), (float("inf"), "holds inf"), (float("nan"), "holds nan"),
     (None, "holds None"), ("much", "has type String")],
)  # fmt: skip
def test_what_is_no_weight_is_refused_by_name(frame: pl.DataFrame, odd: object, told: str) -> None:
    spoilt = pl.when(pl.int_range(pl.len()) == 5).then(pl.lit(odd)).otherwise(pl.lit("1" if odd == "much" else 1.0))
    with pytest.raises(errors.WeightError, match=f"'counts' {told}"):
        train(frame, spoilt)


def test_a_weight_that_is_not_there_is_refused_by_name(frame: pl.DataFrame) -> None:
    with pytest.raises(errors.MissingColumns, match="'counts'"):
        scoring.train(frame, label="won", weight="counts")
