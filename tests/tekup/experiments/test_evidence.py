"""What counts and when: a person once its days are over, an experiment until nobody waits any more."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tekup.experiments.evidence import Line, find, rules_of
from tekup.experiments.words import say_verdict
from tekup.language import Language

TODAY = date(2026, 11, 28)
STORED: dict[str, Any] = {
    "variants": [{"name": "control"}, {"name": "treatment", "weight": 1}], "primary_metric": "lead_rate",
    "secondary_metrics": None, "guard_rails": [{"metric": "win_rate", "margin": 0.1}], "alpha": None,
    "least_effect": None, "planned_units": None, "ends_at": None, "stopped_at": None, "outcome_days": 14,
}  # fmt: skip


def lines(*ages: int, won: tuple[int, int] = (50, 55)) -> list[Line]:
    return [
        Line.of(("lead_rate", variant, TODAY - timedelta(days=age), 500, count, count, 0, 0, 0))
        for age in ages
        for variant, count in zip(("control", "treatment"), won, strict=True)
    ]


def test_only_persons_whose_days_are_over_count_and_all_show_in_the_split() -> None:
    found = find(rules_of(STORED), 14, lines(30, 15, 14, 1), TODAY)
    assert found.waiting == 2_000
    assert found.judgement.counts == {"control": 2_000, "treatment": 2_000}
    assert found.judgement.results[0].sums.count == 1_000
    assert [moment.exposed_date for moment in found.history] == [TODAY - timedelta(days=30), TODAY - timedelta(days=15)]
    assert [moment.difference.count for moment in found.history] == [1_000, 2_000]
    assert found.history[-1].difference == found.judgement.results[0].difference


def test_a_stopped_experiment_is_over_once_nobody_waits_any_more() -> None:
    def verdict(stopped_days: int) -> str:
        stopped = datetime(2026, 11, 28, tzinfo=UTC) - timedelta(days=stopped_days)
        return find(rules_of(STORED | {"stopped_at": stopped}), 14, lines(30, 20), TODAY).judgement.verdict

    assert (verdict(5), verdict(15)) == ("open", "over")


def test_each_verdict_is_said_in_both_languages() -> None:
    better = find(rules_of(STORED), 14, lines(30, 20, won=(50, 100)), TODAY).judgement
    assert say_verdict(better, Language.EN).startswith("treatment is surely better")
    assert say_verdict(better, Language.DA).startswith("treatment er sikkert bedre")
