"""Fairness slices: the figures of groups of leads, also by columns that the model never saw."""

import numpy as np
import polars as pl
import pytest

import scoring
from scoring import errors
from tests.scoring import leads


@pytest.fixture(scope="module")
def unseen() -> pl.DataFrame:
    """Leads with a column that is no feature: customers are women more often than not."""
    frame = leads.make(3_000, seed=41)
    random = np.random.default_rng(1)
    is_woman = random.random(frame.height) < np.where(frame["is_customer"].to_numpy(), 0.9, 0.2)
    return frame.with_columns(pl.Series("gender", np.where(is_woman, "woman", "man")))


def test_groups_are_measured_by_a_column_that_is_no_feature(model: scoring.LeadModel, unseen: pl.DataFrame) -> None:
    table = scoring.slices(model, unseen, label="won", by=["gender", "source"])
    assert table.filter(pl.col("column") == "gender")["value"].to_list() == ["man", "woman"]
    assert table.filter(pl.col("column") == "source")["n"].sum() == 3_000
    for row in table.rows(named=True):
        assert row["calibration_gap"] == pytest.approx(row["mean_probability"] - row["base_rate"])
        assert abs(row["calibration_gap"]) < 5 * row["gap_standard_error"] + 0.05


def test_unequal_shares_of_top_grades_show(model: scoring.LeadModel, unseen: pl.DataFrame) -> None:
    table = scoring.slices(model, unseen, label="won", by=["gender"])
    ratio = dict(table.select("value", "top_grade_ratio").iter_rows())
    assert ratio["woman"] == 1
    assert ratio["man"] < 0.8


def test_numbers_come_in_bands_and_small_groups_are_left_out(model: scoring.LeadModel, unseen: pl.DataFrame) -> None:
    assert scoring.slices(model, unseen, label="won", by=["size"]).height == 5
    rare = unseen.with_columns(pl.when(pl.int_range(pl.len()) < 10).then(pl.lit("x")).otherwise(pl.lit("y")).alias("g"))
    assert scoring.slices(model, rare, label="won", by=["g"])["value"].to_list() == ["y"]


def test_absent_column_is_refused_by_name(model: scoring.LeadModel, unseen: pl.DataFrame) -> None:
    with pytest.raises(errors.MissingColumns, match="'religion'"):
        scoring.slices(model, unseen, label="won", by=["religion"])
