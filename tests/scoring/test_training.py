"""Training: what comes out, that it repeats exactly, and what is refused by name."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

import scoring
from scoring import errors
from scoring.metrics import measure
from tests.scoring import leads


def train(frame: pl.DataFrame, **options: object) -> scoring.LeadModel:
    return scoring.train(frame, label="won", **{"drop": ["truth", "day"], "budget": 1, **options})  # type: ignore[arg-type]


def test_model_comes_near_the_best_possible_on_unseen_leads(model: scoring.LeadModel) -> None:
    unseen = leads.make(4_000, seed=9)
    best = measure(unseen["won"].to_numpy(), unseen["truth"].to_numpy())
    ours = scoring.evaluate(model, unseen, label="won")
    assert ours["roc_auc"] > best["roc_auc"] - 0.03
    assert ours["log_loss"] < best["log_loss"] + 0.03
    assert (
        ours["log_loss"]
        < scoring.baseline(leads.features(leads.make(800)).with_columns(leads.make(800)["won"]), "won", test=unseen)[
            "log_loss"
        ]
    )


def test_two_trainings_give_the_same_fingerprint(frame: pl.DataFrame, model: scoring.LeadModel) -> None:
    again = train(frame)
    assert again.fingerprint == model.fingerprint
    assert again.booster_text == model.booster_text


def test_number_of_threads_and_order_of_columns_change_nothing(frame: pl.DataFrame, model: scoring.LeadModel) -> None:
    assert train(frame.select(reversed(frame.columns)), threads=2).fingerprint == model.fingerprint


def test_another_seed_gives_another_model(frame: pl.DataFrame, model: scoring.LeadModel) -> None:
    assert train(frame, seed=1).fingerprint != model.fingerprint


def test_with_time_the_latest_leads_judge(frame: pl.DataFrame) -> None:
    model = train(frame, time="day", drop=["truth"])
    assert model.metrics["split"] == "two windows in time"
    assert "day" not in model.features
    assert 0.35 * 800 < model.metrics["validation"]["n"] < 0.45 * 800
    assert any(tried["half_life"] is not None for tried in model.metrics["tried"])


def test_leads_that_are_not_matured_are_counted_and_left_out(frame: pl.DataFrame) -> None:
    young = frame.head(50).with_columns(pl.lit(None, pl.Int64).alias("won"))
    model = train(pl.concat([frame, young]))
    assert model.metrics["data"]["not_matured"] == 50
    assert model.metrics["data"]["leads"] == 800


def test_model_and_its_baseline_are_both_in_the_metrics(model: scoring.LeadModel) -> None:
    assert model.metrics["validation"]["log_loss"] < model.metrics["baseline"]["log_loss"]
    assert set(model.metrics["validation"]) == set(model.metrics["baseline"])


def test_calibration_is_never_worse_than_none_on_held_out_rows(model: scoring.LeadModel) -> None:
    losses = model.metrics["calibration_log_loss"]
    assert losses[model.calibrator.method] <= losses["none"]


def test_a_column_without_information_is_named_and_not_needed_later(frame: pl.DataFrame) -> None:
    model = train(frame.with_columns(pl.lit(1).alias("constant"), pl.lit(None).alias("nothing")))
    assert model.metrics["data"]["without_information"] == ["constant", "nothing"]
    assert model.score(frame).height == 800


def test_monotone_feature_never_lowers_the_score(frame: pl.DataFrame) -> None:
    model = train(frame, monotone={"visits": 1})
    one = frame.row(0, named=True)
    scores = [model.score_one({**one, "visits": visits}, reasons=0).probability for visits in range(12)]
    assert scores == sorted(scores)


def test_numbers_named_categorical_are_levels(frame: pl.DataFrame) -> None:
    postal = frame.with_columns((pl.int_range(pl.len()) % 3 * 1000.0).alias("postal"))
    model = train(postal, categorical=["postal"])
    assert next(f for f in model.schema.features if f.name == "postal").levels == ("0", "1000", "2000")


def test_feature_that_knows_the_outcome_is_refused_by_name(frame: pl.DataFrame) -> None:
    leaky = frame.with_columns((pl.col("won") * 10 + pl.col("visits") % 3).alias("invoices"))
    with pytest.raises(errors.LeakageError, match="'invoices'") as refusal:
        train(leaky)
    assert list(refusal.value.features) == ["invoices"]
    assert train(leaky, allow_leakage=["invoices"]).metrics["data"]["allowed_leakage"] == ["invoices"]


def test_outcome_hidden_in_missing_values_is_found(frame: pl.DataFrame) -> None:
    hidden = frame.with_columns(pl.when(pl.col("won") == 1).then(pl.col("visits") * 1.0).alias("paid"))
    with pytest.raises(errors.LeakageError, match="'paid'"):
        train(hidden)


def test_outcome_hidden_in_a_category_is_found(frame: pl.DataFrame) -> None:
    hidden = frame.with_columns(pl.when(pl.col("won") == 1).then(pl.lit("closed")).otherwise(pl.lit("open")).alias("s"))
    with pytest.raises(errors.LeakageError, match="'s'"):
        train(hidden)


def test_value_known_only_after_the_lead_came_is_refused_by_name(frame: pl.DataFrame) -> None:
    stamped = frame.with_columns(
        (pl.col("day") - pl.duration(days=3)).alias("asked_at"), pl.col("visits").alias("calls")
    )
    options = {"time": "day", "drop": ["truth"], "known_at": {"calls": "asked_at"}}
    assert "asked_at" not in train(stamped, **options).features
    late = stamped.with_columns(pl.col("asked_at") + pl.duration(days=pl.int_range(pl.len()) % 10))
    with pytest.raises(errors.LeakageError, match="'calls': 480 of 800 values were known only after 'day'"):
        train(late, **options)
    assert train(late, **options, allow_leakage=["calls"]).metrics["data"]["allowed_leakage"] == ["calls"]


@pytest.mark.parametrize("name", ["religion", "fagforening_medlem", "healthScore", "cpr"])
def test_special_category_of_personal_data_is_refused_unless_allowed_by_name(frame: pl.DataFrame, name: str) -> None:
    told = frame.with_columns(pl.col("source").alias(name))
    with pytest.raises(errors.SpecialCategoryError, match=name):
        train(told)
    assert name in train(told, allow_special_categories=[name]).features


BAD_FRAMES = {
    "no rows": (errors.EmptyFrame, lambda f: f.clear(), {}),
    "no features": (errors.EmptyFrame, lambda f: f.select("won", "truth", "day"), {}),
    "label absent": (errors.MissingColumns, lambda f: f.drop("won"), {}),
    "time absent": (errors.MissingColumns, lambda f: f, {"time": "created"}),
    "label of text": (errors.LabelError, lambda f: f.with_columns(pl.lit("yes").alias("won")), {}),
    "label of twos": (errors.LabelError, lambda f: f.with_columns(pl.col("won") * 2), {}),
    "one class": (errors.OneClassLabel, lambda f: f.with_columns(pl.lit(1).alias("won")), {}),
    "no matured": (errors.TooLittleData, lambda f: f.with_columns(pl.lit(None).alias("won")), {}),
    "too few": (errors.TooLittleData, lambda f: f.head(12), {}),
    "infinity": (errors.NonFiniteValues, lambda f: f.with_columns(pl.lit(float("inf")).alias("size")), {}),
    "a date": (errors.UnusableColumn, lambda f: f, {"drop": ["truth"]}),
    "a list": (errors.UnusableColumn, lambda f: f.with_columns(pl.lit([1]).alias("tags")), {}),
    "two of a lead": (errors.DuplicateLeads, lambda f: f.with_columns(pl.lit(7).alias("id")), {"lead_id": "id"}),
    "null time": (
        errors.TimeError,
        lambda f: f.with_columns(pl.lit(None, pl.Date).alias("day")),
        {"time": "day", "drop": []},
    ),
    "text time": (errors.TimeError, lambda f: f.with_columns(pl.lit("x").alias("day")), {"time": "day", "drop": []}),
    "no tenant": (errors.TenantError, lambda f: f.with_columns(pl.lit(None, pl.String).alias("t")), {"tenant": "t"}),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_unusable_frame_is_refused_with_a_named_error(frame: pl.DataFrame, name: str) -> None:
    error, spoil, options = BAD_FRAMES[name]
    with pytest.raises(error) as refusal:
        train(spoil(frame), **options)
    assert str(refusal.value)


def test_error_names_the_column_and_the_remedy(frame: pl.DataFrame) -> None:
    with pytest.raises(errors.NonFiniteValues, match=r"'size' holds 800 infinite.*replace them by null"):
        train(frame.with_columns(pl.lit(float("-inf")).alias("size")))


def test_date_in_the_future_is_refused_against_the_given_moment(frame: pl.DataFrame) -> None:
    with pytest.raises(errors.TimeError, match="future"):
        train(frame, time="day", drop=["truth"], as_of=datetime(2025, 6, 1, tzinfo=UTC))
    future = frame.with_columns(pl.lit(date(2999, 1, 1)).alias("day"))
    with pytest.raises(errors.TimeError, match="2999"):
        train(future, time="day", drop=["truth"])


def test_repeated_rows_are_kept_and_counted(frame: pl.DataFrame) -> None:
    model = train(pl.concat([frame, frame.head(40)]))
    assert model.metrics["data"]["leads"] == 840
    assert model.metrics["data"]["repeated_rows"] == 80


def test_thirty_leads_are_enough_for_a_cautious_model() -> None:
    thin = leads.make(40, seed=3)
    model = train(thin)
    scores = model.score(thin)["probability"].to_numpy()
    assert ((scores > 0.02) & (scores < 0.98)).all()
    assert np.isfinite(model.metrics["validation"]["log_loss"])


def test_calibration_error_is_within_two_hundredths_on_twenty_thousand_unseen_leads() -> None:
    model = train(leads.make(4_000, seed=21))
    unseen = scoring.evaluate(model, leads.make(20_000, seed=22), label="won")
    assert unseen["n"] == 20_000
    assert unseen["ece"] <= 0.02
