"""What single models promise beyond the properties all share: own rules, stage weights, drill-down, the baseline."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import attribution
from tests.attribution.test_solving import random_paths

PATH = pl.DataFrame(
    {
        "path": [["a", "b", "c", "b", "d"]],
        "conversions": [2],
        "value": [500.0],
        "hours": [[240.0, 168.0, 72.0, 24.0, 0.0]],
        "lead": [1],
        "opportunity": [3],
    }
)


def shares(model: str, frame: pl.DataFrame = PATH, **parameters: object) -> list[float]:
    return [round(x, 9) for x in attribution.touch_credit(frame, model, **parameters)["share"].to_list()]


class TestCustom:
    def test_parts_go_to_each_touch_by_place(self) -> None:
        assert shares("custom", weights=(2.0, 1.0, 3.0)) == [0.25, 0.125, 0.125, 0.125, 0.375]

    def test_a_shared_middle_is_position(self) -> None:
        assert shares("custom", weights=(0.4, 0.2, 0.4), per="middle") == shares("position")

    def test_the_j_and_inverse_j_shapes_are_places_with_other_parts(self) -> None:
        assert shares("position", weights=(0.2, 0.2, 0.6))[0] == pytest.approx(0.2)
        assert shares("position", weights=(0.6, 0.2, 0.2))[0] == pytest.approx(0.6)

    def test_a_half_life_alone_is_time_decay(self) -> None:
        week = timedelta(days=7)
        assert shares("custom", half_life=week) == shares("time_decay", half_life=week)

    def test_factors_weigh_channels_and_all_nought_falls_back_to_equal_parts(self) -> None:
        assert shares("custom", channels={"b": 0.0, "unheard of": 9.0}) == [
            round(1 / 3, 9),
            0,
            round(1 / 3, 9),
            0,
            round(1 / 3, 9),
        ]
        assert shares("custom", channels=dict.fromkeys("abcd", 0.0)) == [0.2] * 5

    def test_faults_are_named(self) -> None:
        for wrong, says in (
            ({"weights": (1, 2)}, "three numbers"),
            ({"channels": {"a": -1}}, "factor from 0"),
            ({"per": "each"}, "per"),
        ):
            with pytest.raises(attribution.errors.BadParameter, match=says):
                attribution.credit(PATH, "custom", **wrong)
        with pytest.raises(attribution.errors.MissingColumn, match="hours"):
            attribution.credit(PATH.drop("hours"), "custom", half_life=timedelta(days=1))


class TestStages:
    def test_weights_of_stages_can_be_chosen(self) -> None:
        assert shares("w_shaped", weights=(0.5, 0.2, 0.1, 0.2)) == [0.5, 0.2, 0.1, 0.1, 0.1]
        assert shares("full_path", weights=(0.1, 0.2, 0.3, 0.3, 0.1)) == [0.1, 0.2, 0.1, 0.3, 0.3]

    def test_a_stage_without_weight_gets_no_rest(self) -> None:
        assert shares("w_shaped", weights=(0.5, 0.0, 0.3, 0.2)) == [0.5, 0.0, 0.1, 0.3, 0.1]

    def test_their_number_is_checked(self) -> None:
        for model, says in (("w_shaped", "four numbers"), ("full_path", "five numbers")):
            with pytest.raises(attribution.errors.BadParameter, match=says):
                attribution.credit(PATH, model, weights=(1, 1, 1))


class TestDrillDown:
    frame = random_paths(150, 5, 7, seed=3).with_columns(nulls=pl.col("nulls") + 1)

    @pytest.mark.parametrize(
        ("model", "parameters"),
        [
            ("markov", {}),
            ("markov", {"order": 2}),
            ("participation", {}),
            ("shapley", {"game": "rate"}),
            ("incremental", {}),
        ],
    )
    def test_touches_of_a_channel_sum_to_its_credit_whatever_the_model(
        self, model: str, parameters: dict[str, object]
    ) -> None:
        touches = attribution.touch_credit(self.frame, model, **parameters)
        summed = touches.group_by("channel").agg(pl.col("conversions", "value").sum()).sort("channel")
        whole = attribution.credit(self.frame, model, **parameters).filter(pl.col("channel") != attribution.BASELINE)
        for column in ("conversions", "value"):
            assert np.allclose(summed[column], whole[column], rtol=1e-9, atol=1e-9)

    def test_shapley_on_counts_shares_each_journey_by_itself(self) -> None:
        found = attribution.touch_credit(self.frame, "shapley")
        assert (
            found["share"].to_list() == attribution.touch_credit(self.frame, "linear", per="channel")["share"].to_list()
        )

    def test_refunds_that_cancel_out_still_find_a_place(self) -> None:
        frame = pl.DataFrame(
            {"path": [["a"], ["a", "b"]], "conversions": [1, 1], "value": [100.0, -100.0], "nulls": [1, 1]}
        )
        touches = attribution.touch_credit(frame, "markov")
        whole = attribution.credit(frame, "markov")
        assert touches.filter(channel="a")["value"].sum() == pytest.approx(whole["value"][0])
        assert touches.null_count().sum_horizontal().item() == 3


class TestBaseline:
    frame = pl.DataFrame(
        {
            "path": [["a"], ["b"], ["a", "b"]],
            "conversions": [40, 10, 60],
            "value": [400.0, 90.0, 900.0],
            "nulls": [60, 90, 40],
        }
    )

    def test_it_is_a_line_of_its_own_with_bounds_before_the_unattributed(self) -> None:
        orphans = pl.concat(
            [
                self.frame,
                self.frame.head(1).with_columns(path=pl.lit([], dtype=pl.List(pl.String)), nulls=pl.lit(0, pl.Int64)),
            ]
        )
        found = attribution.credit(orphans, "incremental", intervals=0.9, include_unattributed=True)
        assert found["channel"].to_list() == ["a", "b", attribution.BASELINE, attribution.UNATTRIBUTED]
        assert found["conversions"].sum() == pytest.approx(150.0)
        assert found["value"].sum() == pytest.approx(1790.0)
        baseline = found.row(2, named=True)
        assert 0 < baseline["conversions_low"] < baseline["conversions"] < baseline["conversions_high"] < 110

    def test_only_models_of_cause_have_one(self) -> None:
        assert [name for name, model in attribution.MODELS.items() if model.baseline] == ["incremental"]
        assert attribution.BASELINE not in attribution.credit(self.frame, "markov")["channel"]
