"""Doubt: intervals hold the truth, thin data say so, and leads unlike the training's are marked."""

import numpy as np
import polars as pl
import pytest

import scoring
from tests.scoring import leads

LEAD = {"visits": 3, "size": 20.0, "is_customer": False, "source": "ads"}


def coverage(model: scoring.LeadModel, unseen: pl.DataFrame) -> float:
    scores = model.score(unseen, reasons=0)
    return float(unseen["truth"].is_between(scores["probability_low"], scores["probability_high"]).mean())  # type: ignore[arg-type]


def train(rows: int, seed: int) -> scoring.LeadModel:
    return scoring.train(leads.make(rows, seed=seed), label="won", drop=["truth", "day"], budget=1)


def test_nine_intervals_of_ten_hold_the_true_probability() -> None:
    unseen = leads.make(2_000, seed=99)
    held = [coverage(train(rows, seed), unseen) for rows in (400, 1_600) for seed in (0, 1, 2, 3)]
    assert 0.88 <= np.mean(held) <= 0.99
    assert min(held) > 0.75


def test_more_leads_give_narrower_intervals() -> None:
    unseen = leads.make(500, seed=98)
    few, many = (train(rows, 0).score(unseen, reasons=0) for rows in (200, 3_000))
    width = [float((s["probability_high"] - s["probability_low"]).mean()) for s in (few, many)]
    assert width[1] < width[0] / 2


def test_sixty_leads_are_too_little_data_and_eight_hundred_enough(
    model: scoring.LeadModel, frame: pl.DataFrame
) -> None:
    assert not train(60, 3).score(frame, reasons=0)["has_enough_data"].any()
    assert model.score(frame, reasons=0)["has_enough_data"].mean() > 0.95  # type: ignore[operator]


def test_leads_like_those_of_the_training_are_hardly_ever_marked(model: scoring.LeadModel) -> None:
    marked = model.score(leads.make(4_000, seed=97), reasons=0)["is_out_of_distribution"].mean()
    assert marked < 0.02  # type: ignore[operator]


@pytest.mark.parametrize(
    "odd",
    [{"visits": 4_000}, {"visits": -50}, {"size": 1e9}, {"source": "tv"}, {"source": None}, {"is_customer": None}],
    ids=str,
)
def test_lead_with_a_value_the_training_never_saw_is_marked(model: scoring.LeadModel, odd: dict[str, object]) -> None:
    assert not model.score_one(LEAD).is_out_of_distribution
    assert model.score_one({**LEAD, **odd}).is_out_of_distribution


def test_rare_combination_is_marked_though_each_value_was_seen() -> None:
    random = np.random.default_rng(0)
    columns = {f"x{i}": np.where(random.random(3_000) < 0.02, 9.0, random.normal(size=3_000)) for i in range(8)}
    frame = pl.DataFrame(columns | {"won": (random.random(3_000) < 0.3).astype(int)})
    model = scoring.train(frame, label="won", budget=1)
    usual = dict.fromkeys(columns, 0.1)
    assert not model.score_one({**usual, "x0": 9.0}).is_out_of_distribution
    assert model.score_one(dict.fromkeys(columns, 9.0)).is_out_of_distribution
