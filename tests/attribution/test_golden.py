"""Published and derived worked examples. Properties and faults are in their own modules."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import attribution
from tests.paths import SHARED, shared

Case = dict[str, Any]
_FILE = SHARED / "golden" / "attribution.json"
CASES: list[Case] = json.loads(_FILE.read_text())["cases"] if _FILE.exists() else []


def as_frame(source: Case) -> pl.DataFrame:
    frame = pl.DataFrame(source["rows"], schema=source["columns"], orient="row")
    return frame.with_columns(pl.col("path").str.split(" > "))


def as_dict(frame: pl.DataFrame, column: str, *, zeros: bool = False) -> dict[str, float]:
    pairs = zip(frame["channel"], frame[column], strict=True)
    return {name: amount for name, amount in pairs if zeros or amount != 0}


def approx(case: Case, expected: object) -> Any:
    return pytest.approx(expected, rel=case["tolerance"], abs=case["tolerance"])


def check_markov(case: Case) -> None:
    order = int(case["kind"].removeprefix("markov_order")[0])
    states = case["input"].get("state_convention", "padded")
    frame, expected = as_frame(case["input"]), case["expected"]
    check_chain(case, attribution.count_chain(attribution.read_paths(frame), order, states))
    found = attribution.credit(frame, "markov", order=order, states=states)
    for column in ("conversions", "value"):
        if column in expected:
            assert as_dict(found, column) == approx(case, expected[column])
    if "transitions" in expected:
        matrix = attribution.transition_matrix(frame, order, states)
        ends = {"(conversion)", "(null)"}
        rows = {f"{s}|{t}": p for s, t, _, p in matrix.iter_rows() if t not in ends}
        assert rows == approx(case, expected["transitions"])


def check_chain(case: Case, chain: attribution.Chain) -> None:
    expected = case["expected"]
    assert attribution.conversion_probability(chain) == approx(case, expected["p_conv"])
    effects = attribution.removal_effects(chain)
    for column in ("removal_effect", "removal_effect_value"):
        if column in expected:
            assert as_dict(effects, column, zeros=True) == approx(case, expected[column])


def check_counts(case: Case) -> None:
    source = case["input"]
    counts = source["transition_counts"]
    chain = attribution.Chain.from_counts(
        source["channels"],
        [counts[name] for name in source["channels"]],
        start=counts["(start)"],
        conversions=source["conversion_counts"],
        nulls=source["null_counts"],
        value=source["value_sums"],
    )
    check_chain(case, chain)


def check_game(case: Case) -> None:
    values = {frozenset(key.split("+")): float(v) for key, v in case["input"]["coalition_values"].items()}
    found = as_dict(attribution.shapley_values(values), "shapley")
    assert found == approx(case, case["expected"]["shapley"])


def check_shapley_counts(case: Case) -> None:
    found = attribution.credit(as_frame(case["input"]), "shapley")
    assert as_dict(found, "conversions") == approx(case, case["expected"]["shapley"])


def check_shapley_rates(case: Case) -> None:
    found = attribution.credit(as_frame(case["input"]), "shapley", game="rate")
    assert as_dict(found, "conversions") == approx(case, case["expected"]["conversions"])


def check_rules(case: Case) -> None:
    models: dict[str, tuple[str, dict[str, object]]] = {
        "linear_unique": ("linear", {"per": "channel"}),
        "position_40_20_40": ("position", {"weights": (0.4, 0.2, 0.4)}),
    }
    for rule, expected in case["expected"].items():
        model, parameters = models.get(rule, (rule, {}))
        found = attribution.credit(as_frame(case["input"]), model, **parameters)
        assert as_dict(found, "conversions") == approx(case, expected), rule


def shares(path_length: int, model: str, **columns_and_parameters: Any) -> list[float]:
    columns = {k: [v] for k, v in columns_and_parameters.items() if k in ("hours", "lead", "opportunity")}
    parameters = {k: v for k, v in columns_and_parameters.items() if k not in columns}
    frame = pl.DataFrame({"path": [[f"c{i}" for i in range(path_length)]], "conversions": [1], **columns})
    found: list[float] = attribution.touch_credit(frame, model, **parameters)["share"].to_list()
    return found


def check_weights(case: Case) -> None:
    source, expected = case["input"], case["expected"]
    if "path_lengths" in source:
        assert source["path_lengths"]
        for length in source["path_lengths"]:
            assert shares(length, "position") == approx(case, expected[str(length)])
    elif "hours_before_conversion" in source:
        hours, half_life = source["hours_before_conversion"], timedelta(hours=source["half_life_hours"])
        assert shares(len(hours), "time_decay", hours=hours, half_life=half_life) == approx(case, expected["weights"])
    elif "touch_day" in source:
        hours = [24 * (source["conversion_day"] - day) for day in source["touch_day"]]
        half_life = timedelta(days=source["half_life_days"])
        assert shares(len(hours), "time_decay", hours=hours, half_life=half_life) == approx(case, expected["weights"])
    else:
        assert shares(3, "w_shaped", lead=1, opportunity=2) == approx(case, expected["3"])
        assert shares(5, "w_shaped", lead=2, opportunity=4) == approx(case, expected["5_milestones_at_0_2_4"])


def check_transforms(case: Case) -> None:
    source, expected = case["input"], case["expected"]
    if "path" in source:
        frame = pl.DataFrame({"path": [source["path"]]})
        for name, path in expected.items():
            transform = name.split("(")[0]
            assert attribution.transform_paths(frame, transform)["path"].to_list() == [path]
        return
    (channel,) = {channel for _, channel in source["cases"]}
    frame = pl.DataFrame({"path": [path.split(" > ") for path, _ in source["cases"]]})
    for name, paths in expected.items():
        found = attribution.transform_paths(frame, name, channel=channel)
        assert [" > ".join(path) for path in found["path"].to_list()] == paths


CHECKS: dict[str, Callable[[Case], None]] = {
    "markov_order1": check_markov,
    "markov_order2": check_markov,
    "markov_order3": check_markov,
    "markov_order1_from_counts": check_counts,
    "shapley_game": check_game,
    "shapley_sets_cumulative": check_shapley_counts,
    "shapley_rate_per_observed_set": check_shapley_rates,
    "rules": check_rules,
    "rules_weights": check_weights,
    "path_transforms": check_transforms,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_worked_example_is_reproduced(case: Case) -> None:
    CHECKS[case["kind"]](case)


def test_the_reference_file_is_there_and_not_empty() -> None:
    assert len(json.loads(shared("golden/attribution.json").read_text())["cases"]) == len(CASES) > 20


def test_transition_probabilities_sum_to_one_per_source() -> None:
    for case in CASES:
        if case["kind"].startswith("markov_order") and "rows" in case["input"]:
            matrix = attribution.transition_matrix(as_frame(case["input"]), 2, loops=True)
            sums = matrix.group_by("source").agg(pl.col("probability").sum())["probability"].to_numpy()
            assert np.allclose(sums, 1.0)
