"""Verdicts: each one's own evidence, with guard rails and a broken ratio before all gains."""

from datetime import date

import pytest

from tekup.experiments.assignment import Variant
from tekup.experiments.inference import Sums
from tekup.experiments.judging import GuardRail, Rules, judge

TODAY = date(2026, 11, 28)
EVEN = (Variant("control", 1), Variant("treatment", 1))


def rate(count: int, won: int) -> Sums:
    return Sums(count, won, won)


@pytest.mark.parametrize(
    ("control", "treatment", "rules", "verdict"),
    [
        ((0, 0), (0, 0), {}, "empty"),
        ((80, 8), (82, 30), {}, "too_little"),
        ((1_000, 100), (1_000, 160), {}, "better"),
        ((1_000, 160), (1_000, 100), {}, "worse"),
        ((1_000, 100), (1_000, 110), {}, "open"),
        ((1_000, 100), (1_000, 110), {"ends_on": date(2026, 11, 27)}, "over"),
        ((60_000, 6_000), (60_000, 6_030), {"least_effect": 0.1}, "no_difference"),
        ((1_000, 100), (1_300, 200), {}, "broken"),
    ],
)
def test_each_verdict_has_its_evidence(
    control: tuple[int, int], treatment: tuple[int, int], rules: dict[str, float | date], verdict: str
) -> None:
    table = {("win_rate", "control"): rate(*control), ("win_rate", "treatment"): rate(*treatment)}
    told = judge(
        Rules(EVEN, "win_rate", **rules),  # type: ignore[arg-type]
        table,
        {"control": control[0], "treatment": treatment[0]},
        TODAY,
    )
    assert told.verdict == verdict
    assert told.should_stop == (verdict not in ("empty", "too_little", "open"))
    assert (told.winner == "treatment") == (verdict == "better")


def test_a_crossed_guard_rail_outweighs_a_gain_and_a_margin_allows_some() -> None:
    table = {
        ("lead_rate", "control"): rate(4_000, 400),
        ("lead_rate", "treatment"): rate(4_000, 600),
        ("touch_count", "control"): Sums(4_000, 8_000, 24_000),
        ("touch_count", "treatment"): Sums(4_000, 7_400, 22_000),
    }
    counts = {"control": 4_000, "treatment": 4_000}
    told = judge(Rules(EVEN, "lead_rate", guard_rails=[GuardRail("touch_count")]), table, counts, TODAY)
    assert (told.verdict, told.winner) == ("harmful", None)
    (rail,) = [result for result in told.results if result.role == "guard_rail"]
    assert rail.is_harmed
    allowed = judge(Rules(EVEN, "lead_rate", guard_rails=[GuardRail("touch_count", 0.1)]), table, counts, TODAY)
    assert allowed.verdict == "better"


def test_of_several_variants_the_best_of_the_surely_better_wins_and_more_of_them_ask_for_more() -> None:
    variants = (Variant("control", 1), Variant("a", 1), Variant("b", 1))
    table = {
        ("win_rate", "control"): rate(1_000, 100),
        ("win_rate", "a"): rate(1_000, 170),
        ("win_rate", "b"): rate(1_000, 190),
    }
    told = judge(Rules(variants, "win_rate"), table, dict.fromkeys(("control", "a", "b"), 1_000), TODAY)
    assert (told.verdict, told.winner) == ("better", "b")
    assert told.verdicts == {"a": "better", "b": "better"}
    alone = judge(Rules(variants[:2], "win_rate"), table, dict.fromkeys(("control", "a"), 1_000), TODAY)
    widths = [t.results[0].difference.high - t.results[0].difference.low for t in (told, alone)]  # type: ignore[union-attr]
    assert widths[0] > widths[1]
