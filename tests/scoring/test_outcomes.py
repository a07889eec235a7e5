"""Outcomes come late and good news first: only whole cohorts are judged."""

import numpy as np
import polars as pl
import pytest

from scoring import outcomes
from tests.scoring import leads

ARGUMENTS = {"label": "won", "time": "day"}


def as_known_on(frame: pl.DataFrame, day: int, window: int = 30) -> pl.DataFrame:
    """What is known on a day: wins at once (here a fifth of the window after the lead), losses after the window."""
    age = day - pl.col("day")
    known = pl.when((pl.col("outcome") == 1) & (age >= window // 5)).then(1).when(age >= window).then(0)
    return frame.filter(pl.col("day") <= day).with_columns(
        pl.when(age >= window).then(pl.col("outcome")).otherwise(known).alias("won")
    )


@pytest.fixture
def frame() -> pl.DataFrame:
    made = leads.make(4_000, seed=3)
    return pl.DataFrame(
        {"lead_id": range(4_000), "day": np.arange(4_000) // 20, "outcome": made["won"], "probability": made["truth"]}
    )


def test_judging_what_is_known_today_would_see_too_many_wins(frame: pl.DataFrame) -> None:
    today = as_known_on(frame, 150)
    truth = frame.filter(pl.col("day") <= 120)["outcome"].mean()
    hasty = today.filter(pl.col("won").is_not_null())["won"].mean()
    patient = outcomes.mature(today, **ARGUMENTS)["won"].mean()
    assert isinstance(hasty, float)
    assert hasty > truth + 0.02  # type: ignore[operator]
    assert patient == pytest.approx(truth)


def test_the_first_score_of_each_version_counts_and_open_leads_wait(frame: pl.DataFrame) -> None:
    scores = frame.select("lead_id", "probability", pl.lit("v1").alias("model_version"), pl.lit(1).alias("scored_at"))
    later = scores.with_columns(probability=pl.lit(0.99), scored_at=pl.lit(2))
    other = scores.with_columns(model_version=pl.lit("v2"))
    found = outcomes.realise(pl.concat([later, scores, other]), as_known_on(frame, 150), lead_id="lead_id", **ARGUMENTS)
    assert found.filter(model_version="v1").height == found.filter(model_version="v2").height == 121 * 20
    assert found["probability"].max() != 0.99
    judged = outcomes.judge(found.filter(model_version="v1"), label="won")
    assert judged["n"] == 2_420
    assert judged["ece"] < 0.04


def test_nothing_matured_is_judged_as_nothing(frame: pl.DataFrame) -> None:
    young = as_known_on(frame, 20)
    assert outcomes.mature(young, **ARGUMENTS).is_empty()
    scores = frame.select("lead_id", "probability", pl.lit("v1").alias("model_version"), pl.lit(1).alias("scored_at"))
    assert outcomes.judge(outcomes.realise(scores, young, lead_id="lead_id", **ARGUMENTS), label="won") == {}
