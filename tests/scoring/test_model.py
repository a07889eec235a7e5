"""Scoring with a trained model: frames, single leads, reasons, and what is refused."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scoring
from scoring import errors, value
from scoring.scores import SCORED
from tekup.errors import BadInput
from tests.scoring import leads

QUIET = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = st.one_of(st.none(), st.integers(-(10**9), 10**9), st.floats(allow_nan=True, allow_infinity=False))
LEADS = st.lists(
    st.fixed_dictionaries(
        {
            "visits": NUMBERS,
            "size": NUMBERS,
            "is_customer": st.one_of(st.none(), st.booleans()),
            "source": st.one_of(st.none(), st.sampled_from(leads.SOURCES), st.text(max_size=8)),
        }
    ),
    min_size=1,
    max_size=12,
)
TYPES = {"visits": pl.Float64, "size": pl.Float64, "is_customer": pl.Boolean, "source": pl.String}


def frame_of(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES, strict=False)


@QUIET
@given(rows=LEADS)
def test_any_lead_scores_between_zero_and_one(model: scoring.LeadModel, rows: list[dict[str, object]]) -> None:
    scores = model.score(frame_of(rows))
    assert scores.columns == list(SCORED)
    assert (scores["probability_low"] <= scores["probability"]).all()
    assert (scores["probability"] <= scores["probability_high"]).all()
    assert scores["probability"].is_between(0, 1, closed="none").all()
    assert set(scores["grade"]) <= set("ABCDE")


@QUIET
@given(rows=LEADS, seed=st.integers(0, 99))
def test_row_order_does_not_matter(model: scoring.LeadModel, rows: list[dict[str, object]], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(rows))
    frame = frame_of(rows)
    assert model.score(frame)[order].equals(model.score(frame[order]))


@QUIET
@given(rows=LEADS)
def test_duplicates_do_not_change_scores(model: scoring.LeadModel, rows: list[dict[str, object]]) -> None:
    frame = frame_of(rows)
    twice = model.score(pl.concat([frame, frame]))
    once = model.score(frame)
    assert twice.head(len(rows)).equals(once)
    assert twice.tail(len(rows)).equals(once)


@QUIET
@given(rows=LEADS)
def test_single_lead_equals_the_batch(model: scoring.LeadModel, rows: list[dict[str, object]]) -> None:
    batch = model.score(frame_of(rows), reasons=4)
    for lead, expected in zip(rows, batch.rows(named=True), strict=True):
        one = model.score_one(lead, reasons=4)
        assert one.probability == pytest.approx(expected["probability"], abs=1e-9)
        assert one.probability_low == pytest.approx(expected["probability_low"], abs=1e-9)
        assert one.probability_high == pytest.approx(expected["probability_high"], abs=1e-9)
        for name in ("grade", "is_out_of_distribution", "has_enough_data"):
            assert getattr(one, name) == expected[name]
        assert [r.feature for r in one.reasons] == [r["feature"] for r in expected["reasons"]]
        for mine, theirs in zip(one.reasons, expected["reasons"], strict=True):
            assert mine.contribution == pytest.approx(theirs["contribution"], abs=1e-9)


@QUIET
@given(rows=LEADS)
def test_contributions_and_the_base_give_the_probability(
    model: scoring.LeadModel, rows: list[dict[str, object]]
) -> None:
    for row in model.score(frame_of(rows), reasons=99).rows(named=True):
        total = model.base_probability() + sum(reason["contribution"] for reason in row["reasons"])
        assert total == pytest.approx(row["probability"], abs=1e-9)


def test_reasons_are_the_strongest_first_and_as_many_as_asked(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    everything, two = model.score(frame.head(50), reasons=99), model.score(frame.head(50), reasons=2)
    for all_of_it, shown in zip(everything["reasons"], two["reasons"], strict=True):
        strengths = [abs(reason["contribution"]) for reason in all_of_it]
        assert strengths == sorted(strengths, reverse=True)
        assert shown.to_list() == all_of_it.to_list()[:2]
    assert model.score(frame, reasons=0)["reasons"].list.len().sum() == 0


def test_reasons_show_the_value_and_point_the_right_way(model: scoring.LeadModel) -> None:
    lead = {"visits": 12, "size": 300.5, "is_customer": True, "source": "referral"}
    told = {reason.feature: reason for reason in model.score_one(lead, reasons=4).reasons}
    assert {name: reason.value for name, reason in told.items()} == {
        "visits": "12",
        "size": "300.5",
        "is_customer": "true",
        "source": "referral",
    }
    assert all(reason.contribution > 0 for reason in told.values())


def test_grades_rank_the_leads_of_the_training(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    scores = model.score(frame, reasons=0)
    lowest = scores.group_by("grade").agg(pl.col("probability").min()).sort("grade")["probability"].to_list()
    assert lowest == sorted(lowest, reverse=True)
    share = (scores["grade"] == "A").mean()
    assert isinstance(share, float)
    assert 0.03 < share < 0.2


def test_unknown_category_counts_with_the_rare_ones_and_null_is_its_own(model: scoring.LeadModel) -> None:
    lead = {"visits": 3, "size": 20.0, "is_customer": False}
    assert (
        model.score_one({**lead, "source": "tv"}).probability
        == model.score_one({**lead, "source": "radio"}).probability
    )
    assert 0 < model.score_one({**lead, "source": None}).probability < 1


def test_missing_column_is_refused_or_read_as_unknown(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    with pytest.raises(errors.MissingColumns, match="'size'"):
        model.score(frame.drop("size"))
    unknown = model.score(frame.drop("size"), missing="null", reasons=0)
    explicit = model.score(frame.with_columns(pl.lit(None, pl.Float64).alias("size")), reasons=0)
    assert unknown.equals(explicit)
    one = frame.drop("size").row(0, named=True)
    assert model.score_one(one).probability == pytest.approx(unknown["probability"][0], abs=1e-9)
    with pytest.raises(errors.MissingColumns, match="'size'"):
        model.score_one(one, missing="error")


def test_lead_with_no_known_name_is_refused(model: scoring.LeadModel) -> None:
    with pytest.raises(errors.MissingColumns):
        model.score_one({"vists": 3})


@pytest.mark.parametrize("value", ["many", [1], object()])
def test_wrong_type_is_refused_by_name_for_one_lead(model: scoring.LeadModel, value: object) -> None:
    with pytest.raises(errors.UnusableColumn, match="'visits' was numeric in training"):
        model.score_one({"visits": value})


def test_wrong_type_is_refused_by_name_for_a_frame(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    with pytest.raises(errors.UnusableColumn, match="'visits' was numeric in training and is String here"):
        model.score(frame.with_columns(pl.col("visits").cast(pl.String)))


def test_infinity_is_refused_in_both_ways(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    with pytest.raises(errors.NonFiniteValues, match="'size'"):
        model.score(frame.with_columns(pl.lit(math.inf).alias("size")))
    with pytest.raises(errors.NonFiniteValues, match="'size'"):
        model.score_one({"size": -math.inf})


def test_frame_of_no_rows_gives_no_scores(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    empty = model.score(frame.clear())
    assert empty.is_empty()
    assert empty.schema == model.score(frame.head(1)).schema


def test_evaluation_leaves_out_leads_without_outcome(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    half = frame.with_columns(pl.when(pl.int_range(pl.len()) < 500).then("won").alias("won"))
    assert scoring.evaluate(model, half, label="won")["n"] == 500
    assert scoring.evaluate(model, half, label="won") == scoring.evaluate(model, frame.head(500), label="won")
    with pytest.raises(errors.EmptyFrame):
        scoring.evaluate(model, frame.with_columns(pl.lit(None).alias("won")), label="won")


def test_what_if_tells_each_change_alone(model: scoring.LeadModel) -> None:
    lead = {"visits": 3, "size": 20.0, "is_customer": False, "source": "ads"}
    table = model.what_if(lead, {"visits": [3, 9], "source": ["referral"]})
    assert table["value"].to_list() == ["3", "9", "referral"]
    assert table["change"][0] == 0
    assert (table["change"][1:] > 0).all()
    assert table["probability"][2] == model.score_one({**lead, "source": "referral"}).probability
    with pytest.raises(errors.MissingColumns, match="'height'"):
        model.what_if(lead, {"height": [2]})


def test_influence_is_the_mean_size_of_the_reasons(model: scoring.LeadModel, frame: pl.DataFrame) -> None:
    table = model.influence(frame.head(50))
    reasons = model.score(frame.head(50), reasons=99)["reasons"].explode().struct.unnest()
    mean = reasons.group_by("feature").agg(pl.col("contribution").abs().sum() / 50)
    assert dict(table.iter_rows()) == pytest.approx(dict(mean.iter_rows()))
    assert table["influence"].is_sorted(descending=True)


def test_grades_follow_value_and_capacity_once_values_are_known(
    model: scoring.LeadModel, frame: pl.DataFrame, tmp_path: Path
) -> None:
    deals = frame.filter(pl.col("won") == 1).with_columns((pl.col("visits") * 1_000.0 + 500).alias("value_cents"))
    worth = value.train(deals, label="value_cents", drop=["truth", "day", "won"], budget=1)
    valued = model.with_value(worth, frame, capacity=0.05)
    scores = valued.score(frame, reasons=0)
    expected = scores["probability"] * worth.predict(frame)["value"]
    assert scores["expected_value"].to_list() == pytest.approx(expected.to_list())
    assert (scores["grade"] == "A").mean() == pytest.approx(0.05, abs=0.02)
    assert (
        scores.filter(pl.col("grade") == "A")["expected_value"].min()
        >= scores.filter(pl.col("grade") == "B")["expected_value"].max()
    )  # type: ignore[operator]
    lead = frame.row(0, named=True)
    again = scoring.load(valued.save(tmp_path / "valued"))
    assert again.score_one(lead) == valued.score_one(lead)
    assert again.score_one(lead).expected_value == pytest.approx(scores["expected_value"][0])
    with pytest.raises(BadInput, match="capacity"):
        model.with_value(worth, frame, capacity=0.4)
