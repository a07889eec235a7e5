"""An experiment's verdict: what its figures allow to be said today, and what to do. Sentences are made by the pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from tekup.experiments.assignment import Variant
from tekup.experiments.inference import LEAST_UNITS, PLANNED_UNITS, Difference, Sums, compare, ratio_p_value

Verdict: TypeAlias = Literal[
    "empty", "broken", "too_little", "harmful", "better", "worse", "no_difference", "open", "over"
]
"""empty: nobody yet. broken: the variants' sizes can't be by chance. too_little: too few to judge by. harmful: a guard
rail is surely crossed. better, worse: surely. no_difference: surely less than the least effect that matters. open: may
go on. over: the planned time is over and nothing is sure."""
RATIO_ERROR = 0.01
"""How often, at most, a sound experiment is ever called broken."""


@dataclass(frozen=True, slots=True)
class GuardRail:
    """A metric that must not fall by more than ``margin``, a part of the control's mean."""

    metric: str
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What is to be judged, and how surely. The first variant is the control.

    ``least_effect``: the smallest relative change of the primary metric that matters; None: any does.
    """

    variants: Sequence[Variant]
    primary_metric: str
    secondary_metrics: Sequence[str] = ()
    guard_rails: Sequence[GuardRail] = ()
    alpha: float = 0.05
    least_effect: float | None = None
    planned_units: int = PLANNED_UNITS
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric of one variant against the control; ``is_harmed`` only of guard rails."""

    metric: str
    variant: str
    role: Literal["primary", "secondary", "guard_rail"]
    sums: Sums
    control: Sums
    difference: Difference | None
    margin: float = 0.0
    is_harmed: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on the experiment and on each variant, with what they rest on."""

    verdict: Verdict
    winner: str | None
    should_stop: bool
    ratio_p_value: float
    counts: Mapping[str, int]
    results: Sequence[MetricResult]
    verdicts: Mapping[str, Verdict]


Table: TypeAlias = Mapping[tuple[str, str], Sums]
"""Sums by metric and variant, of the persons whose outcome window is over."""


def judge(rules: Rules, table: Table, counts: Mapping[str, int], today: date) -> Judgement:
    """Judge by the sums of finished persons; ``counts`` are all exposed persons by variant.

    With several treatments each is compared at ``alpha`` divided by their number, so that ``alpha`` bounds how often
    any of them is wrongly called better or worse, however often one looks. Guard rails likewise.
    """
    names = [variant.name for variant in rules.variants]
    told = {name: counts.get(name, 0) for name in names}
    ratio = ratio_p_value(list(told.values()), [variant.weight for variant in rules.variants])
    results = [
        result
        for variant in names[1:]
        for result in _results(rules, table, names[0], variant, rules.alpha / (len(names) - 1))
    ]
    verdicts = {
        variant: _verdict(rules, [result for result in results if result.variant == variant], today)
        for variant in names[1:]
    }
    verdict, winner = _overall(verdicts, results)
    if not any(told.values()):
        verdict, winner = "empty", None
    elif ratio <= RATIO_ERROR:
        verdict, winner = "broken", None
    should_stop = verdict in ("broken", "harmful", "better", "worse", "no_difference", "over")
    return Judgement(verdict, winner, should_stop, ratio, told, results, verdicts)


def _results(rules: Rules, table: Table, control: str, variant: str, alpha: float) -> list[MetricResult]:
    def measured(metric: str) -> tuple[Sums, Sums]:
        return table.get((metric, variant), Sums()), table.get((metric, control), Sums())

    found = []
    for metric in (rules.primary_metric, *rules.secondary_metrics):
        sums, base = measured(metric)
        role: Literal["primary", "secondary"] = "primary" if metric == rules.primary_metric else "secondary"
        difference = compare(base, sums, alpha, rules.planned_units)
        found.append(MetricResult(metric, variant, role, sums, base, difference))
    for rail in rules.guard_rails:
        sums, base = measured(rail.metric)
        # the one bound that could call it harmed may be wrong as often as both bounds of the others together
        difference = compare(base, sums, alpha / len(rules.guard_rails), rules.planned_units)
        is_harmed = (
            difference is not None
            and _is_enough(sums, base)
            and difference.high < -rail.margin * max(difference.control, 0.0)
        )
        found.append(MetricResult(rail.metric, variant, "guard_rail", sums, base, difference, rail.margin, is_harmed))
    return found


def _is_enough(sums: Sums, control: Sums) -> bool:
    return min(sums.count, control.count) >= LEAST_UNITS


def _verdict(rules: Rules, results: Sequence[MetricResult], today: date) -> Verdict:
    primary = results[0]
    difference = primary.difference
    if any(result.is_harmed for result in results):
        return "harmful"
    if difference is None or not _is_enough(primary.sums, primary.control):
        return "too_little"
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    least = None if rules.least_effect is None else rules.least_effect * abs(difference.control)
    if least is not None and -least < difference.low and difference.high < least:
        return "no_difference"
    return "over" if rules.ends_on is not None and today > rules.ends_on else "open"


def _overall(verdicts: Mapping[str, Verdict], results: Sequence[MetricResult]) -> tuple[Verdict, str | None]:
    """One variant that is surely better decides, the best of several; all must be settled for another end."""
    better = [name for name, verdict in verdicts.items() if verdict == "better"]
    if better:
        effects = {r.variant: r.difference.effect for r in results if r.role == "primary" and r.difference}
        return "better", max(better, key=lambda name: effects[name])
    # the least settled variant speaks for the experiment
    for verdict in ("open", "too_little", "over", "no_difference", "worse", "harmful"):
        if verdict in verdicts.values():
            return verdict, None
    return "empty", None
