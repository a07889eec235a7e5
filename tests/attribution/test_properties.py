"""What holds for every set of journeys and every model. Worked examples are in test_golden."""

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attribution

MODELS: list[tuple[str, dict[str, Any]]] = [
    ("first", {}),
    ("last", {}),
    ("last_non_direct", {"direct": "a"}),
    ("linear", {}),
    ("linear", {"per": "channel"}),
    ("time_decay", {}),
    ("position", {}),
    ("position", {"weights": (0.0, 1.0, 0.0)}),
    ("w_shaped", {}),
    ("w_shaped", {"weights": (0.5, 0.2, 0.2, 0.1)}),
    ("full_path", {}),
    ("custom", {}),
    ("custom", {"weights": (0.6, 0.2, 0.2), "per": "middle", "half_life": timedelta(days=3)}),
    ("participation", {}),
    ("markov", {}),
    ("markov", {"order": 2}),
    ("markov", {"order": 3, "states": "tuple"}),
    ("shapley", {}),
    ("shapley", {"game": "rate", "shrinkage": 5}),
    ("shapley", {"game": "rate", "shrinkage": 5, "negative": "clip"}),
]
NEVER_NEGATIVE = [
    (name, given_) for name, given_ in MODELS if given_.get("game") != "rate" or given_.get("negative") == "clip"
]

ROW = st.tuples(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=6),
    st.integers(0, 5),
    st.integers(-50, 200),
    st.integers(0, 5),
    st.integers(0, 2**30),
)
ROWS = st.lists(ROW, min_size=1, max_size=8).filter(lambda rows: any(row[1] for row in rows))
FAST = settings(max_examples=15, deadline=None)


def as_frame(rows: list[tuple[list[str], int, int, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "path": [path for path, *_ in rows],
            "conversions": [conversions for _, conversions, *_ in rows],
            "value": [float(value) if conversions else 0.0 for _, conversions, value, *_ in rows],
            "nulls": [nulls for *_, nulls, _ in rows],
            "hours": [[float((seed >> i) % 200) for i in range(len(path))] for path, *_, seed in rows],
            "lead": [seed % len(path) for path, *_, seed in rows],
            "opportunity": [None if seed % 3 == 0 else seed % 7 % len(path) for path, *_, seed in rows],
        }
    )


def assert_same(left: pl.DataFrame, right: pl.DataFrame, factor: float = 1.0) -> None:
    assert left["channel"].to_list() == right["channel"].to_list()
    for column in ("conversions", "value"):
        assert np.allclose(left[column] * factor, right[column], rtol=1e-9, atol=1e-9), column


@pytest.mark.parametrize(("model", "parameters"), MODELS)
class TestEveryModel:
    @given(rows=ROWS)
    @FAST
    def test_credit_sums_to_the_total(self, model: str, parameters: dict[str, Any], rows: Any) -> None:
        frame = as_frame(rows)
        found = attribution.credit(frame, model, **parameters)
        assert found["conversions"].sum() == pytest.approx(frame["conversions"].sum(), abs=1e-9)
        assert found["value"].sum() == pytest.approx(frame["value"].sum(), abs=1e-7)
        assert found.null_count().sum_horizontal().item() == 0
        assert found["channel"].to_list() == sorted({name for path in frame["path"] for name in path})

    @given(rows=ROWS)
    @FAST
    def test_order_of_rows_does_not_matter(self, model: str, parameters: dict[str, Any], rows: Any) -> None:
        frame = as_frame(rows)
        assert_same(
            attribution.credit(frame, model, **parameters), attribution.credit(frame.reverse(), model, **parameters)
        )

    @given(rows=ROWS)
    @FAST
    def test_twice_the_rows_is_twice_the_weight(self, model: str, parameters: dict[str, Any], rows: Any) -> None:
        frame = as_frame(rows)
        once = attribution.credit(frame, model, **parameters)
        rows_twice = attribution.credit(pl.concat([frame, frame]), model, **parameters)
        doubled = frame.with_columns(pl.col("conversions", "value", "nulls") * 2)
        assert_same(rows_twice, attribution.credit(doubled, model, **parameters))
        if not parameters.get("shrinkage"):
            assert_same(once, rows_twice, factor=2.0)

    @given(rows=ROWS)
    @FAST
    def test_names_of_channels_do_not_matter(self, model: str, parameters: dict[str, Any], rows: Any) -> None:
        frame = as_frame(rows)
        names = dict(zip("abcd", ["z", "x", "y", "w"], strict=True))
        renamed = frame.with_columns(pl.col("path").list.eval(pl.element().replace(names)))
        others = parameters | ({"direct": "z"} if "direct" in parameters else {})
        found = attribution.credit(renamed, model, **others)
        back = {new: old for old, new in names.items()}
        found = found.with_columns(pl.col("channel").replace(back)).sort("channel")
        assert_same(attribution.credit(frame, model, **parameters), found)

    def test_one_channel_gets_all(self, model: str, parameters: dict[str, Any]) -> None:
        frame = as_frame([(["a"], 2, 10, 1, 0), (["a", "a", "a"], 1, 5, 4, 9)])
        assert_same(
            attribution.credit(frame, model, **parameters),
            pl.DataFrame({"channel": ["a"], "conversions": [3.0], "value": [15.0]}),
        )

    def test_a_channel_that_never_converts_gets_nothing(self, model: str, parameters: dict[str, Any]) -> None:
        frame = as_frame(
            [(["a", "b"], 2, 10, 1, 0), (["b"], 1, 5, 4, 9), (["d"], 0, 0, 7, 0), (["a", "d"], 0, 0, 3, 0)]
        )
        found = attribution.credit(frame, model, **parameters)
        assert found.filter(pl.col("channel") == "d").rows() == [("d", 0.0, 0.0)]


@pytest.mark.parametrize(("model", "parameters"), NEVER_NEGATIVE)
@given(rows=ROWS)
@FAST
def test_credit_of_sales_is_not_negative(model: str, parameters: dict[str, Any], rows: Any) -> None:
    frame = as_frame(rows).with_columns(pl.col("value").abs())
    found = attribution.credit(frame, model, **parameters)
    assert (found["conversions"] >= 0).all()
    assert (found["value"] >= 0).all()


@given(rows=ROWS, order=st.integers(1, 4), states=st.sampled_from(["padded", "tuple"]))
@FAST
def test_removal_effects_lie_between_nought_and_one(rows: Any, order: int, states: str) -> None:
    effects = attribution.removal_effects(as_frame(rows), order, states)
    for column in ("removal_effect", "removal_effect_value"):
        assert effects[column].is_between(0, 1).all()
    assert (effects["removal_effect"] > 0).any()


@given(rows=ROWS, states=st.sampled_from(["padded", "tuple"]), extra=st.integers(0, 3))
@FAST
def test_an_order_as_long_as_the_longest_path_is_participation(rows: Any, states: str, extra: int) -> None:
    frame = as_frame(rows)
    order = max(len(path) for path in frame["path"]) + extra
    assert_same(
        attribution.credit(frame, "markov", order=order, states=states), attribution.credit(frame, "participation")
    )


@given(rows=ROWS)
@FAST
def test_the_counting_game_is_linear_over_distinct_channels(rows: Any) -> None:
    frame = as_frame(rows)
    game = {
        frozenset(subset): float(
            frame.filter(pl.col("path").list.eval(pl.element().is_in(list(subset))).list.all())["conversions"].sum()
        )
        for subset in [[name for bit, name in enumerate("abcd") if mask >> bit & 1] for mask in range(1, 16)]
    }
    wanted = attribution.shapley_values(game)
    found = attribution.credit(frame, "shapley")
    credits = dict(zip(found["channel"], found["conversions"], strict=True))
    for channel, value in wanted.iter_rows():
        assert credits.get(channel, 0.0) == pytest.approx(value, abs=1e-9)


@given(rows=ROWS)
@FAST
def test_touch_credit_sums_to_channel_credit(rows: Any) -> None:
    frame = as_frame(rows)
    for model, parameters in MODELS:
        touches = attribution.touch_credit(frame, model, **parameters)
        summed = touches.group_by("channel").agg(pl.col("conversions", "value").sum()).sort("channel")
        whole = attribution.credit(frame, model, **parameters)
        assert_same(whole.filter(pl.col("channel").is_in(summed["channel"].to_list())), summed)
        if attribution.MODELS[model].shares is not None or (model == "shapley" and "game" not in parameters):
            per_journey = touches.group_by("journey").agg(pl.col("share").sum())["share"]
            assert np.allclose(per_journey, 1.0)


@given(
    amounts=st.lists(st.floats(0, 1e6), min_size=1, max_size=20).filter(lambda found: sum(found) > 0.01),
    total=st.integers(0, 10**9),
)
def test_apportioned_amounts_sum_to_the_total_and_lie_within_one(amounts: list[float], total: int) -> None:
    found = attribution.apportion(amounts, total)
    assert found.sum() == total
    exact = np.array(amounts) * (total / sum(amounts))
    assert (np.abs(found - exact) <= 1 + 1e-6 * max(1, total)).all()


LEVELS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 4), st.floats(-50, 200)),
    min_size=1,
    max_size=25,
)


@given(rows=LEVELS)
def test_every_level_of_a_drill_down_sums_to_the_one_above_to_the_unit(rows: list[tuple[str, str, int, float]]) -> None:
    levels = pl.DataFrame([row[:3] for row in rows], schema=["channel", "campaign", "day"], orient="row")
    exact = np.array([row[3] for row in rows])
    total = round(exact.sum())
    exact = exact + (total - exact.sum()) / len(exact)
    found = levels.with_columns(exact=exact, units=attribution.apportion_levels(exact, levels, total))
    assert found["units"].sum() == total
    by_channel = found.group_by("channel").agg(pl.col("exact", "units").sum()).sort("channel")
    assert by_channel["units"].to_list() == attribution.apportion(by_channel["exact"].to_numpy(), total).tolist()
    by_campaign = found.group_by("channel", "campaign").agg(pl.col("exact", "units").sum()).sort("channel", "campaign")
    upper = attribution.apportion_levels(by_campaign["exact"], by_campaign.select("channel", "campaign"), total)
    assert by_campaign["units"].to_list() == upper.tolist()
    assert (found["units"] - found["exact"]).abs().max() <= 4 + 1e-6


def test_apportioned_refunds_keep_their_sign() -> None:
    assert attribution.apportion([-1.5, 10.25, -3.75], 5).tolist() == [-1, 10, -4]
    assert attribution.apportion([], 0).tolist() == []
    assert attribution.apportion([0.0, 0.0], 0).tolist() == [0, 0]
