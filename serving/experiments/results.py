"""What came of an experiment: sums from the warehouse, judged by `tekup.experiments`."""

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from serving.auth.subject import Subject
from serving.experiments.repository import ExperimentRepository, ResultRepository
from serving.experiments.result_schemas import (
    Effect,
    ExperimentResults,
    HistoryPoint,
    MetricOutcome,
    SampleRatio,
    SampleSize,
    SizeQuery,
)
from serving.kit.databases import Databases
from serving.kit.problems import not_found, unusable_field
from tekup.clock import utc_now
from tekup.experiments.metrics import EXPERIMENT_METRICS, RESULT_COLUMNS
from tekup.language import Language

if TYPE_CHECKING:
    from tekup.experiments.evidence import Finding
    from tekup.experiments.inference import Difference


async def get_results(
    databases: Databases, subject: Subject, experiment_id: UUID, language: Language
) -> ExperimentResults:
    """The results as of today.

    Raises:
        Problem: 404.
    """
    async with databases.operational(subject.context) as session:
        row = await ExperimentRepository(session, subject.tenant_id).find(experiment_id)
    if row is None:
        raise not_found("experiment")
    today = utc_now().date()
    async with databases.warehouse(subject.context) as session:
        lines = await ResultRepository(session, subject.tenant_id).daily(experiment_id, today)
    # beside the loop: the statistics take 1.8 s to import the first time, and milliseconds each time
    return await asyncio.to_thread(
        _judge,
        dict(row._mapping),
        [tuple(line._mapping[name] for name in RESULT_COLUMNS) for line in lines],
        today,
        language,
    )


def _judge(stored: dict[str, Any], lines: list[tuple[Any, ...]], today: date, language: Language) -> ExperimentResults:
    from tekup.experiments.evidence import Line, find, rules_of
    from tekup.experiments.words import say_verdict

    found = find(rules_of(stored), stored["outcome_days"], [Line.of(line) for line in lines], today)
    return _shape(stored, found, say_verdict(found.judgement, language))


def _shape(stored: dict[str, Any], found: "Finding", sentence: str) -> ExperimentResults:
    told = found.judgement
    return ExperimentResults(
        experiment_id=stored["id"],
        key=stored["key"],
        status=stored["status"],
        verdict=told.verdict,
        verdicts=dict(told.verdicts),
        winner=told.winner,
        should_stop=told.should_stop,
        sentence=sentence,
        waiting_count=found.waiting,
        sample_ratio=SampleRatio(counts=dict(told.counts), p_value=told.ratio_p_value),
        metrics=[
            MetricOutcome(
                metric=one.metric,
                variant=one.variant,
                role=one.role,
                person_count=one.sums.count,
                mean=one.sums.mean,
                control_person_count=one.control.count,
                control_mean=one.control.mean,
                margin=one.margin,
                is_harmed=one.is_harmed,
                effect=None if one.difference is None else _effect(one.difference),
            )
            for one in told.results
        ],
        history=[
            HistoryPoint(
                variant=moment.variant,
                exposed_date=moment.exposed_date,
                person_count=moment.difference.count,
                effect=moment.difference.effect,
                low=moment.difference.low,
                high=moment.difference.high,
            )
            for moment in found.history
        ],
    )


def _effect(found: "Difference") -> Effect:
    return Effect(
        effect=found.effect,
        relative_effect=found.relative,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        fixed_low=found.fixed_low,
        fixed_high=found.fixed_high,
        fixed_p_value=found.fixed_p_value,
        variance_cut_rate=found.variance_cut,
    )


async def get_size(query: SizeQuery) -> SampleSize:
    """How many persons show an effect.

    Raises:
        Problem: 422 where a rate is no rate, or another metric comes without its standard deviation.
    """
    if EXPERIMENT_METRICS[query.metric].kind == "rate":
        if query.mean >= 1:
            raise unusable_field("mean", "a rate lies below 1")
        variance = query.mean * (1 - query.mean)
    elif query.standard_deviation is None:
        raise unusable_field("standard_deviation", "is required for a metric that is no rate")
    else:
        variance = query.standard_deviation**2

    def solve() -> SampleSize:
        from tekup.experiments.inference import size_needed

        size = size_needed(
            query.mean, variance, query.relative_effect, alpha=query.alpha, power=query.power, variants=query.variants
        )
        return SampleSize(fixed=size.fixed, sequential=size.sequential)

    return await asyncio.to_thread(solve)
