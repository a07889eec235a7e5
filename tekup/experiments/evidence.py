"""Sums by day of exposure, as the mart `fct_experiment_result_daily` holds them, made ready to be judged.

A person counts once the experiment's outcome days are over for it, so that nothing that counted ever changes: that is
what lets one look every day. Reading the mart is not done here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tekup.experiments.assignment import Variant
from tekup.experiments.inference import PLANNED_UNITS, Difference, Sums, compare
from tekup.experiments.judging import GuardRail, Judgement, Rules, judge


@dataclass(frozen=True, slots=True)
class Line:
    """Sums of one metric and variant over those exposed on one day."""

    metric: str
    variant: str
    exposed_date: date
    sums: Sums

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Line":
        """A line of the mart's values, in the order of `RESULT_COLUMNS`."""
        metric, variant, day, count, *sums = values
        return cls(metric, variant, day, Sums(int(count), *(float(value) for value in sums)))


@dataclass(frozen=True, slots=True)
class Moment:
    """The primary metric's difference of one variant, of all who were exposed up to a day."""

    variant: str
    exposed_date: date
    difference: Difference


@dataclass(frozen=True, slots=True)
class Finding:
    """An experiment's judgement, and how it came about day by day."""

    judgement: Judgement
    history: Sequence[Moment]
    waiting: int
    """Persons whose outcome days are not over."""


def rules_of(stored: Mapping[str, Any]) -> Rules:
    """The rules of an experiment as it is stored."""
    ends_at, stopped_at = stored["ends_at"], stored["stopped_at"]
    if isinstance(stopped_at, datetime):
        # nobody comes any more: all that can be known is known once the last one's days are over
        ends_at = stopped_at + timedelta(days=stored["outcome_days"])
    return Rules(
        variants=[Variant(told["name"], float(told.get("weight", 1))) for told in stored["variants"]],
        primary_metric=stored["primary_metric"],
        secondary_metrics=list(stored["secondary_metrics"] or []),
        guard_rails=[GuardRail(told["metric"], float(told.get("margin", 0))) for told in stored["guard_rails"] or []],
        alpha=float(stored["alpha"] or 0.05),
        least_effect=stored["least_effect"],
        planned_units=int(stored["planned_units"] or PLANNED_UNITS),
        ends_on=ends_at.date() if isinstance(ends_at, datetime) else None,
    )


def find(rules: Rules, outcome_days: int, lines: Iterable[Line], today: date) -> Finding:
    """Judge by all lines up to ``today``."""
    whole = sorted(lines, key=lambda line: line.exposed_date)
    finished = [line for line in whole if line.exposed_date + timedelta(days=outcome_days) < today]
    table: dict[tuple[str, str], Sums] = {}
    for line in finished:
        table[line.metric, line.variant] = table.get((line.metric, line.variant), Sums()) + line.sums
    exposed: dict[str, int] = {}
    for line in whole:
        if line.metric == rules.primary_metric:
            exposed[line.variant] = exposed.get(line.variant, 0) + line.sums.count
    primary = [line for line in finished if line.metric == rules.primary_metric]
    waiting = sum(exposed.values()) - sum(line.sums.count for line in primary)
    return Finding(judge(rules, table, exposed, today), _history(rules, primary), waiting)


def _history(rules: Rules, lines: Sequence[Line]) -> list[Moment]:
    names = [variant.name for variant in rules.variants]
    total = dict.fromkeys(names, Sums())
    alpha, found = rules.alpha / max(len(names) - 1, 1), []
    days = sorted({line.exposed_date for line in lines})
    by_day: dict[date, list[Line]] = {day: [] for day in days}
    for line in lines:
        by_day[line.exposed_date].append(line)
    for day in days:
        for line in by_day[day]:
            total[line.variant] = total.get(line.variant, Sums()) + line.sums
        for name in names[1:]:
            difference = compare(total[names[0]], total[name], alpha, rules.planned_units)
            if difference is not None:
                found.append(Moment(name, day, difference))
    return found
