"""Models side by side, and how far they agree."""

import polars as pl
import pytest

import attribution

FRAME = pl.DataFrame(
    {
        "path": [["a", "b", "c"], ["b", "c"], ["a"]],
        "conversions": [30, 20, 10],
        "value": [300.0, 100.0, 50.0],
        "nulls": [70, 180, 290],
    }
)


def test_every_model_fills_a_row_per_channel_with_share_and_rank() -> None:
    found = attribution.compare_models(FRAME, intervals=0.9)
    assert found["model"].n_unique() == 7
    for (_,), rows in found.group_by("model"):
        assert rows["channel"].to_list() == ["a", "b", "c"]
        assert rows["share"].sum() == pytest.approx(1.0)
        assert rows["rank"].sum() == 6.0
        assert (rows["conversions_low"] <= rows["conversions"]).all()
    first = found.filter(model="first")
    assert first["rank"].to_list() == [1.0, 2.0, 3.0]


def test_labels_carry_parameters_and_a_baseline_has_no_rank() -> None:
    models = {"markov 2": {"order": 2}, "ours": {"model": "position", "weights": (0.5, 0.0, 0.5)}, "incremental": {}}
    found = attribution.compare_models(FRAME, models)
    assert found["model"].unique(maintain_order=True).to_list() == list(models)
    wanted = attribution.credit(FRAME, "position", weights=(0.5, 0.0, 0.5))["conversions"].to_list()
    assert found.filter(model="ours")["conversions"].to_list() == wanted
    baseline = found.filter(channel=attribution.BASELINE)
    assert baseline.select("model", "share", "rank").rows() == [("incremental", None, None)]


def test_agreement_is_one_and_nought_with_itself_and_symmetric() -> None:
    found = attribution.compare_models(FRAME, {"first": {}, "again": {"model": "first"}, "last": {}})
    pairs = attribution.model_agreement(found)
    assert pairs.select("left", "right").rows() == [("first", "again"), ("first", "last"), ("again", "last")]
    assert pairs.row(0)[2:] == (pytest.approx(1.0), pytest.approx(0.0))
    assert pairs.row(1)[2:] == pairs.row(2)[2:]
    # First gives 40, 20, 0; last gives 10, 0, 50.
    assert pairs.row(1)[2:] == (pytest.approx(-0.5), pytest.approx(5 / 6))


def test_what_cannot_be_compared_is_null_not_nan() -> None:
    alike = pl.DataFrame({"path": [["a", "b"]], "conversions": [2], "value": [0.0]})
    pairs = attribution.model_agreement(attribution.compare_models(alike, ["linear", "first"]))
    assert pairs.row(0)[2:] == (None, pytest.approx(0.5))
    worthless = attribution.model_agreement(attribution.compare_models(alike, ["linear", "first"]), amount="value")
    assert worthless.row(0)[2:] == (None, None)


def test_one_name_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(attribution.errors.BadParameter, match="list of names"):
        attribution.compare_models(FRAME, "markov")
    with pytest.raises(attribution.errors.UnknownModel, match="luck"):
        attribution.compare_models(FRAME, ["luck"])
