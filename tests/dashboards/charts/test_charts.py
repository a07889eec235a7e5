"""The charts' specifications: what stands on which axis, and in which colours."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from dashboards.charts import credit, journey, models, scores, style, trends
from dashboards.formats import Language

DAILY = pl.DataFrame(
    {"kpi_date": [date(2026, 11, 2) + timedelta(days=day) for day in range(14)], "value": list(range(14))}
)
CREDIT = pl.DataFrame({"channel": ["A", "A", "B", "B"], "model": ["x", "y", "x", "y"], "value": [1.0, 2.0, 5.0, 6.0]})


def test_weeks_begin_on_monday_and_lose_nothing() -> None:
    weekly = trends.sum_by_step(DAILY, "value", "week")
    assert weekly["starts_on"].to_list() == [date(2026, 11, 2), date(2026, 11, 9)]
    assert weekly["value"].sum() == DAILY["value"].sum()


@pytest.mark.parametrize(("language", "decimal"), [(Language.DA, ","), (Language.EN, ".")])
def test_axes_follow_the_language(language: Language, decimal: str) -> None:
    spec: dict[str, Any] = trends.draw_trend(trends.sum_by_step(DAILY, "value", "day"), "Leads", language).to_dict()
    assert spec["config"]["locale"]["number"]["decimal"] == decimal
    assert spec["encoding"]["y"]["title"] == "Leads"
    assert len(next(iter(spec["datasets"].values()))) == 14


def test_models_stand_side_by_side_in_fixed_colours() -> None:
    spec: dict[str, Any] = credit.draw_model_comparison(CREDIT, ["x", "y"], "Sales", Language.EN).to_dict()
    assert spec["encoding"]["y"]["sort"] == ["B", "A"]
    assert spec["encoding"]["color"]["scale"] == {"domain": ["x", "y"], "range": list(style.PALETTE[:2])}
    assert spec["encoding"]["yOffset"]["field"] == "model"


def test_bounds_are_drawn_over_their_bars() -> None:
    bounded = CREDIT.with_columns(low=pl.col("value") - 1, high=pl.col("value") + 1)
    spec: dict[str, Any] = credit.draw_model_comparison(bounded, ["x", "y"], "Sales", Language.EN).to_dict()
    bars, rules = spec["layer"]
    assert (bars["mark"]["type"], rules["mark"]["type"]) == ("bar", "rule")
    assert (rules["encoding"]["x"]["field"], rules["encoding"]["x2"]["field"]) == ("low", "high")
    assert rules["encoding"]["yOffset"]["field"] == "model"


def test_a_distribution_sums_sales_by_bucket() -> None:
    frame = pl.DataFrame({"bucket": [1, 2, 40], "conversions": [3.0, 2.0, 1.0]})
    spec: dict[str, Any] = credit.draw_distribution(frame, "Days", "Sales", Language.DA).to_dict()
    assert (spec["encoding"]["x"]["title"], spec["encoding"]["y"]["aggregate"]) == ("Days", "sum")


def test_a_timeline_has_a_dot_a_touch() -> None:
    touches = pl.DataFrame(
        {
            "occurred_at": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)],
            "channel": ["A", "B", "A"],
            "kind": ["v"] * 3,
        }
    )
    spec: dict[str, Any] = journey.draw_timeline(touches, Language.DA).to_dict()
    assert len(next(iter(spec["datasets"].values()))) == 3
    assert spec["encoding"]["y"]["sort"] == ["A", "B"]


def test_no_two_colours_are_alike() -> None:
    assert len(set(style.PALETTE)) == len(style.PALETTE) == 8


POINTS = pl.DataFrame({"place": [0, 1], "x": [0.1, 0.3], "y": [0.05, 0.4], "lead_count": [10, 10]})


def test_reliability_has_the_same_scale_on_both_axes() -> None:
    spec: dict[str, Any] = models.draw_reliability(POINTS, "Chance", "Won", "Leads", Language.EN).to_dict()
    line, dots = spec["layer"]
    assert line["mark"]["strokeDash"]
    assert dots["encoding"]["x"]["scale"] == dots["encoding"]["y"]["scale"] == {"domain": [0, pytest.approx(0.44)]}


def test_gain_spans_the_whole_list() -> None:
    spec: dict[str, Any] = models.draw_gain(POINTS, "Taken", "Won", Language.DA).to_dict()
    assert spec["layer"][1]["encoding"]["x"]["scale"] == {"domain": [0, 1]}


def test_evidence_is_logarithmic_and_shows_where_it_alarms() -> None:
    frame = pl.DataFrame(
        {"looked_until": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)], "subject": "x", "evidence": [0.0, 9.0]}
    )
    spec: dict[str, Any] = models.draw_evidence(frame, "Evidence", 200.0, Language.EN).to_dict()
    lines, rule = spec["layer"]
    assert lines["encoding"]["y"]["scale"]["type"] == "log"
    assert min(row["evidence"] for row in spec["datasets"][lines["data"]["name"]]) > 0
    assert spec["datasets"][rule["data"]["name"]] == [{"limit": 200.0}]


def test_quality_tells_what_it_was_judged_on() -> None:
    frame = pl.DataFrame(
        {"trained_at": [datetime(2026, 1, 1, tzinfo=UTC)], "judged_on": ["a"], "value": [0.8], "model_version": ["v1"]}
    )
    spec: dict[str, Any] = models.draw_quality(frame, ("a", "b"), "AUC", Language.EN).to_dict()
    assert spec["encoding"]["color"]["scale"]["domain"] == ["a", "b"]


def test_a_score_of_a_new_model_has_a_shape_of_its_own() -> None:
    frame = pl.DataFrame(
        {
            "scored_at": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)],
            "probability": [0.2, 0.4], "grade": ["C", "B"], "model_version": ["v1", "v2"], "given_by": ["old", "new"],
        }
    )  # fmt: skip
    spec: dict[str, Any] = scores.draw_score_history(frame, ("old", "new"), "Probability", Language.EN).to_dict()
    line, dots = spec["layer"]
    assert line["mark"]["interpolate"] == "step-after"
    assert dots["encoding"]["shape"]["scale"] == {"domain": ["old", "new"], "range": ["circle", "diamond"]}
