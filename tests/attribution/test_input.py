"""Input that can't be used is refused by name, with what to mend. Input that can is tested elsewhere."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

import attribution
from attribution import errors
from tekup.errors import BadInput

GOOD = pl.DataFrame({"path": [["a", "b"], ["b"]], "conversions": [1.0, 2.0], "value": [5.0, 6.0], "nulls": [1, 0]})
NOW = datetime(2026, 1, 5, tzinfo=UTC)
TOUCHES = pl.DataFrame({"person_id": [1, 2], "occurred_at": [NOW, NOW], "channel": ["a", "b"]})
SALES = pl.DataFrame({"person_id": [1], "converted_at": [NOW], "value": [5.0], "conversion_id": ["x"]})
DAY = timedelta(days=1)


def build(touches: Any = TOUCHES, sales: Any = SALES, **parameters: Any) -> attribution.Paths:
    return attribution.build_paths(touches, sales, **({"lookback": DAY} | parameters))


def credit(frame: Any = GOOD, *arguments: Any, **parameters: Any) -> pl.DataFrame:
    return attribution.credit(frame, *arguments, **parameters)


def put(frame: pl.DataFrame, **columns: Any) -> pl.DataFrame:
    return frame.with_columns(**{name: pl.Series(values, strict=False) for name, values in columns.items()})


NAN, INF = float("nan"), float("inf")
FAULTS: list[tuple[str, type[BadInput], Callable[[], object], str]] = [
    ("no path column", errors.MissingColumn, lambda: credit(GOOD.drop("path")), "lacks the column path"),
    ("no conversions column", errors.MissingColumn, lambda: credit(GOOD.drop("conversions")), "conversions"),
    ("no channel column", errors.MissingColumn, lambda: build(TOUCHES.drop("channel")), "lacks the column channel"),
    ("no conversion time", errors.MissingColumn, lambda: build(sales=SALES.drop("converted_at")), "converted_at"),
    ("text path", errors.BadColumn, lambda: credit(put(GOOD, path=["a > b", "b"])), "str.split"),
    ("null path", errors.BadColumn, lambda: credit(put(GOOD, path=[["a"], None])), "nulls"),
    ("null channel in a path", errors.BadColumn, lambda: credit(put(GOOD, path=[["a", None], ["b"]])), "no channel"),
    ("null channel of a touch", errors.BadColumn, lambda: build(put(TOUCHES, channel=["a", None])), "no channel"),
    ("numbers with fractions as channels", errors.BadColumn, lambda: credit(put(GOOD, path=[[0.5], [1.5]])), "text"),
    ("NaN conversions", errors.BadColumn, lambda: credit(put(GOOD, conversions=[1.0, NAN])), "NaN"),
    ("infinite value", errors.BadColumn, lambda: credit(put(GOOD, value=[1.0, INF])), "infinity"),
    ("null nulls", errors.BadColumn, lambda: credit(put(GOOD, nulls=[1, None])), "nulls has 1 nulls"),
    ("text as conversions", errors.BadColumn, lambda: credit(put(GOOD, conversions=["1", "2"])), "not a number"),
    ("negative conversions", errors.NegativeAmount, lambda: credit(put(GOOD, conversions=[1.0, -1.0])), "below zero"),
    ("negative nulls", errors.NegativeAmount, lambda: credit(put(GOOD, nulls=[1, -1])), "nulls is below zero"),
    ("negative weight", errors.NegativeAmount, lambda: build(put(TOUCHES, weight=[1.0, -1.0])), "weight is below"),
    (
        "value without a conversion",
        errors.ValueWithoutConversion,
        lambda: credit(put(GOOD, conversions=[0.0, 1.0])),
        "without conversions",
    ),
    ("empty frame", errors.NoPaths, lambda: credit(GOOD.clear()), "no row"),
    ("not a frame", errors.BadColumn, lambda: credit([["a"], ["b"]]), "not a polars frame"),
    (
        "touch after its conversion",
        errors.NegativeAmount,
        lambda: credit(put(GOOD, hours=[[2.0, -1.0], [0.0]]), "time_decay"),
        "after its conversion",
    ),
    ("too few hours", errors.BadColumn, lambda: credit(put(GOOD, hours=[[2.0], [0.0]])), "differ in length"),
    ("no hours", errors.MissingColumn, lambda: credit(GOOD, "time_decay"), "hours"),
    ("no milestones", errors.MissingColumn, lambda: credit(GOOD, "w_shaped"), "lead_at"),
    ("milestone outside the path", errors.BadColumn, lambda: credit(put(GOOD, lead=[2, 0]), "w_shaped"), "outside"),
    ("unknown model", errors.UnknownModel, lambda: credit(GOOD, "mrkov"), "markov"),
    ("unknown parameter", errors.BadParameter, lambda: credit(GOOD, "markov", ordre=2), "order"),
    ("order 0", errors.BadParameter, lambda: credit(GOOD, "markov", order=0), "order is 0"),
    ("fractional order", errors.BadParameter, lambda: credit(GOOD, "markov", order=1.5), "whole number"),
    ("order True", errors.BadParameter, lambda: credit(GOOD, "markov", order=True), "whole number"),
    ("order 0 with intervals", errors.BadParameter, lambda: credit(GOOD, order=0, intervals=0.9), "order is 0"),
    ("unknown states", errors.BadParameter, lambda: credit(GOOD, "markov", states="x"), "padded, tuple"),
    ("unknown game", errors.BadParameter, lambda: credit(GOOD, "shapley", game="x"), "counts, rate"),
    ("negative shrinkage", errors.BadParameter, lambda: credit(GOOD, "shapley", game="rate", shrinkage=-1), "from 0"),
    (
        "half-life 0",
        errors.BadParameter,
        lambda: credit(put(GOOD, hours=[[2.0, 1.0], [0.0]]), "time_decay", half_life=timedelta(0)),
        "half_life",
    ),
    ("two weights", errors.BadParameter, lambda: credit(GOOD, "position", weights=(0.5, 0.5)), "three numbers"),
    ("no weight", errors.BadParameter, lambda: credit(GOOD, "position", weights=(0, 0, 0)), "three numbers"),
    ("level 90", errors.BadParameter, lambda: credit(GOOD, intervals=90), "between 0 and 1"),
    ("one replicate", errors.BadParameter, lambda: credit(GOOD, intervals=0.9, replicates=1), "from 10"),
    ("no null journey", errors.NoNulls, lambda: credit(GOOD.with_columns(nulls=0), "incremental"), "no journey ends"),
    ("lookback 30", errors.BadParameter, lambda: build(lookback=30), "timedelta"),
    ("lookback 0", errors.BadParameter, lambda: build(lookback=timedelta(0)), "above zero"),
    ("unknown policy", errors.BadParameter, lambda: build(policy="all"), "reset, overlap, first"),
    ("unknown policy of a type", errors.BadParameter, lambda: build(policy={"a": "all"}), "policy of a"),
    ("policy without types", errors.MissingColumn, lambda: build(policy={"a": "first"}), "conversion_type"),
    ("types that are not given", errors.MissingColumn, lambda: build(conversion_types=["a"]), "conversion_type"),
    ("no conversion types", errors.BadParameter, lambda: build(conversion_types=[]), "one name"),
    ("conversion window 7", errors.BadParameter, lambda: build(conversion_window=7), "timedelta"),
    ("session gap 30", errors.BadParameter, lambda: build(session_gap=30), "timedelta"),
    ("unknown unit", errors.MissingColumn, lambda: build(unit="utm_source"), "utm_source"),
    ("unit named twice", errors.BadParameter, lambda: build(unit=["channel", "channel"]), "different names"),
    (
        "units shown alike",
        errors.BadColumn,
        lambda: build(put(TOUCHES, channel=["a / b", "a"], campaign=["c", "b / c"]), unit=["channel", "campaign"]),
        "both shown as",
    ),
    ("unknown value", errors.MissingColumn, lambda: build(value="ltv"), "ltv"),
    ("no touch type", errors.MissingColumn, lambda: build(touch_weights={"view": 0.3}), "touch_type"),
    (
        "negative touch weight",
        errors.BadParameter,
        lambda: build(put(TOUCHES, touch_type=["view", "click"]), touch_weights={"view": -1}),
        "number from 0",
    ),
    (
        "two weights of a touch",
        errors.BadColumn,
        lambda: build(put(TOUCHES, touch_type=["v", "c"], weight=[1, 1]), touch_weights={"v": 1}),
        "drop the column weight",
    ),
    (
        "refunds without ids",
        errors.MissingColumn,
        lambda: build(sales=put(SALES, refund_of=["x"]).drop("conversion_id")),
        "conversion_id",
    ),
    ("refunds of another type", errors.BadColumn, lambda: build(sales=put(SALES, refund_of=[1])), "same type"),
    (
        "mixed currencies",
        errors.MixedCurrencies,
        lambda: build(sales=put(pl.concat([SALES, SALES]), conversion_id=["x", "y"], currency=["DKK", "EUR"])),
        "mix DKK, EUR",
    ),
    ("as_of as text", errors.BadParameter, lambda: build(as_of="2026"), "datetime"),
    ("max_touches 0", errors.BadParameter, lambda: build(max_touches=0), "from 1"),
    ("time as text", errors.BadColumn, lambda: build(put(TOUCHES, occurred_at=["2026", "2027"])), "to_datetime"),
    ("null time", errors.BadColumn, lambda: build(put(TOUCHES, occurred_at=[NOW, None])), "1 nulls"),
    ("people of two types", errors.BadColumn, lambda: build(sales=put(SALES, person_id=["1"])), "same type"),
    ("NaN value", errors.BadColumn, lambda: build(sales=put(SALES, value=[NAN])), "NaN"),
    ("repeated id", errors.DuplicateConversion, lambda: build(sales=pl.concat([SALES, SALES])), "twice"),
    ("unknown transform", errors.BadParameter, lambda: attribution.transform_paths(GOOD, "x"), "exposure"),
    ("apportioning NaN", errors.BadParameter, lambda: attribution.apportion([NAN], 1), "NaN"),
    ("apportioning nothing", errors.BadParameter, lambda: attribution.apportion([0.0], 1), "can't be scaled"),
    ("game worth NaN", errors.BadParameter, lambda: attribution.shapley_values({frozenset("a"): NAN}), "NaN"),
    (
        "counts of two shapes",
        errors.BadParameter,
        lambda: attribution.Chain.from_counts(["a"], [[0]], start=[1, 2], conversions=[1], nulls=[0]),
        "shape",
    ),
]


@pytest.mark.parametrize(("fault", "call", "says"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_unusable_input_is_refused_by_name_and_says_what_to_mend(
    fault: type[BadInput], call: Callable[[], object], says: str
) -> None:
    with pytest.raises(fault, match=re.escape(says)) as raised:
        call()
    assert isinstance(raised.value, BadInput)
    assert raised.value.hint


def test_every_named_fault_is_raised_by_some_input() -> None:
    named = {x for x in vars(errors).values() if isinstance(x, type) and issubclass(x, BadInput) and x is not BadInput}
    assert named - {fault for _, fault, _, _ in FAULTS} == {errors.TooManyChannels, errors.MissingEngine}


class TestTooManyChannels:
    def frame(self, channels: int) -> pl.DataFrame:
        names = [f"c{i:05d}" for i in range(channels)]
        return pl.DataFrame({"path": [names], "conversions": [1], "nulls": [1]})

    def test_exact_solving_says_so_beyond_its_reach(self) -> None:
        with pytest.raises(errors.TooManyChannels, match="roll rare channels up"):
            credit(self.frame(7000), "markov")

    def test_rate_game_says_so_beyond_its_reach(self) -> None:
        with pytest.raises(errors.TooManyChannels, match="roll rare channels up"):
            credit(self.frame(70), "shapley", game="rate")
        with pytest.raises(errors.TooManyChannels, match="intervals"):
            credit(self.frame(17), "shapley", game="rate", intervals=0.9)

    def test_states_that_cannot_be_numbered_say_so(self) -> None:
        with pytest.raises(errors.TooManyChannels, match="lower the order"):
            credit(self.frame(300), "markov", order=8)

    def test_rules_and_counting_take_a_hundred_thousand_campaigns(self) -> None:
        for model in ("linear", "position", "shapley", "participation"):
            found = credit(self.frame(100_000).with_columns(value=100.0), model)
            assert found["value"].sum() == pytest.approx(100.0)
            assert len(found) == 100_000


def test_missing_value_and_nulls_mean_none() -> None:
    assert credit(GOOD.select("path", "conversions"), "linear")["value"].to_list() == [0.0, 0.0]
    assert attribution.conversion_probability(GOOD.select("path", "conversions")) == 1.0


def test_an_empty_path_is_an_unattributed_conversion() -> None:
    frame = put(GOOD, path=[["a", "b"], []])
    assert credit(frame, "linear", include_unattributed=True)["conversions"].to_list() == [0.5, 0.5, 2.0]


def test_cautions_name_what_weakens_the_result() -> None:
    said = " ".join(attribution.cautions(put(GOOD, nulls=[0, 0])))
    for word in ("too few conversions", "no journey without conversion", "fewer than 30 conversions: a, b"):
        assert word in said


MANY = put(
    pl.concat([TOUCHES] * 20),
    person_id=[*range(30), *range(10)],
    occurred_at=[NOW - timedelta(hours=h % 17) for h in range(40)],
    channel=["a", "b", "c", "a", "direct"] * 8,
)
SOLD = pl.DataFrame({"person_id": list(range(0, 30, 3)), "converted_at": [NOW] * 10, "value": [5.0] * 10})
ODD: dict[str, tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]] = {
    "conversions before any touch": (MANY, put(SOLD, converted_at=[NOW - timedelta(days=9)] * 10), {}),
    "conversions before some touches": (MANY, put(SOLD, converted_at=[NOW - timedelta(hours=6)] * 10), {}),
    "touches without a person": (put(MANY, person_id=[None] * 20 + list(range(20))), SOLD, {}),
    "conversions without a person": (MANY, put(SOLD, person_id=[None] * 5 + [0, 3, 6, 9, 12]), {}),
    "times in the future": (put(MANY, occurred_at=[NOW + DAY] * 20 + [NOW] * 20), SOLD, {"as_of": NOW}),
    "clocks that run ahead": (put(MANY, occurred_at=[NOW + timedelta(seconds=3)] * 20 + [NOW] * 20), SOLD, {}),
    "values of nought": (MANY, put(SOLD, value=[0.0] * 10), {}),
    "values below nought": (MANY, put(SOLD, value=[-5.0] * 10), {}),
    "values that cancel": (MANY, put(SOLD, value=[5.0, -5.0] * 5), {}),
    "one channel": (put(MANY, channel=["a"] * 40), SOLD, {}),
    "no conversions": (MANY, SOLD.clear(), {}),
    "no touches": (MANY.clear(), SOLD, {}),
    "neither": (MANY.clear(), SOLD.clear(), {}),
    "everybody converts": (MANY, put(pl.concat([SOLD] * 3), person_id=list(range(30))), {}),
    "nobody but open journeys": (MANY, SOLD, {"as_of": NOW, "lookback": timedelta(days=3)}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_input_is_credited_in_full_by_every_model_or_refused_and_never_nan(name: str) -> None:
    touches, sales, options = ODD[name]
    stages = {stage: pl.Series([NOW - timedelta(hours=5)] * len(sales), dtype=pl.Datetime("us", "UTC"))
              for stage in ("lead_at", "opportunity_at")}  # fmt: skip
    paths = build(touches, sales.with_columns(**stages), **options)
    for model in attribution.MODELS:
        try:
            found = credit(paths, model, intervals=0.9, replicates=20, include_unattributed=True)
        except errors.NoNulls:
            assert model == "incremental"
            continue
        amounts = found.drop("channel")
        assert all(column.is_finite().all() for column in amounts), model
        assert found["conversions"].sum() == pytest.approx(len(sales)), model
        assert found["value"].sum() == pytest.approx(sales["value"].sum(), abs=1e-9), model
