"""Time to conversion: hazards add up to the truth, also where most leads still wait."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from scoring import Registry, duration, errors, kinds
from scoring.duration import DurationModel


def make(rows: int, *, seed: int) -> pl.DataFrame:
    """Exponential times, four times as fast for hot leads; each lead was watched for up to 120 days."""
    random = np.random.default_rng(seed)
    is_hot = random.random(rows) < 0.5
    mean = np.where(is_hot, 30.0, 120.0)
    days, watched = random.exponential(mean), random.uniform(0, 120, rows)
    return pl.DataFrame(
        {
            "is_hot": is_hot,
            "noise": random.normal(size=rows),
            "days": np.minimum(days, watched),
            "has_converted": days <= watched,
            "mean": mean,
        }
    )


@pytest.fixture(scope="module")
def model() -> DurationModel:
    return duration.train(make(2_500, seed=0).drop("mean"), days="days", event="has_converted", budget=1)


def test_curves_come_near_the_truth_although_many_leads_still_wait(model: DurationModel) -> None:
    asked = make(400, seed=1)
    told = model.predict(asked)
    for end in (14, 30, 90):
        truth = 1 - np.exp(-end / asked["mean"].to_numpy())
        assert np.abs(told[f"by_{end}d"].to_numpy() - truth).mean() < 0.05


def test_curves_only_rise_and_medians_order_leads(model: DurationModel) -> None:
    told = model.predict(make(200, seed=2).sort("is_hot"))
    curves = told.select(pl.selectors.starts_with("by_")).to_numpy()
    assert (np.diff(curves, axis=1) >= 0).all()
    for part, mean in ((told.tail(50), 30), (told.head(50), 120)):
        assert part["median_days"].fill_null(90).median() == pytest.approx(mean * np.log(2), rel=0.25)


def test_median_is_unknown_where_less_than_half_is_expected(model: DurationModel) -> None:
    cold = make(200, seed=4).filter(~pl.col("is_hot"))
    assert DurationModel(model.hazard, (7.0, 14.0)).predict(cold)["median_days"].is_null().all()


def test_negative_duration_is_refused_by_name() -> None:
    frame = make(50, seed=3).with_columns(pl.col("days") - 500)
    with pytest.raises(errors.LabelError, match="'days'"):
        duration.train(frame, days="days", event="has_converted")


def test_a_registry_gives_the_model_back(model: DurationModel, tmp_path: Path) -> None:
    registry = Registry(tmp_path, kinds.CONVERSION_TIME.read)
    again = registry.load(registry.publish(model))
    asked = make(20, seed=5)
    assert again.predict(asked).equals(model.predict(asked))
    assert again.periods == model.periods


def test_losses_of_a_lead_are_those_of_its_periods_and_better_than_not_knowing_it(model: DurationModel) -> None:
    asked = make(400, seed=6)
    own = duration.losses(model, asked, days="days", event="has_converted")
    rows = duration.expand(asked, days="days", event="has_converted")
    blind = rows["is_event_in_period"].mean()
    assert len(own) == 400
    figures = duration.evaluate(model, asked, days="days", event="has_converted")
    assert own.sum() / rows.height == pytest.approx(figures["log_loss"])
    assert figures["log_loss"] < -blind * np.log(blind) - (1 - blind) * np.log(1 - blind)  # type: ignore[operator]
