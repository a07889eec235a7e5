"""The pooled lead score: taught on all tenants' leads, judged against the champion, promoted or left to challenge.

The rules are `scoring.promotion`'s; what is watched afterwards is `lead_watch`'s.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import polars as pl

import scoring
from pipelines.models import model_records, model_report
from pipelines.models.lead_features import (
    LABEL,
    LEAD,
    TENANT,
    TIME,
    WEIGHT,
    TooFewLeads,
    dropped,
    mature,
    read_apart,
    read_features,
    read_words,
    split_late,
    weigh,
)
from pipelines.models.lead_values import grade_by_value
from pipelines.resources.platform import Platform
from scoring import LeadModel, provenance
from scoring.boosting import Trainer
from scoring.promotion import Decision, Evidence, Finding, decide
from tekup.clock import utc_now
from tekup.errors import TekupError

MINIMUM_LEADS = 200
MINIMUM_TENANT_LEADS = 50
SLICES = (TENANT, "language", "country", "industry", "source")
"""Groups none of which may pay for another's gain; language and country stand in for people's origin."""
CHALLENGE_DAYS = 14
"""So long a challenger that is neither better nor worse keeps its place: its outcomes need time to come."""
_TIMED_LEADS = 30


@dataclass(frozen=True, slots=True)
class Trained:
    """A published version, how it fared on leads later than those it learned from, and what was decided about it."""

    version: str
    metrics: dict[str, float]
    lead_count: int
    decision: Decision


def train(platform: Platform, *, seed: int = 0, by: str = "training") -> Trained:
    """Train and publish a version; promote it if it beats the champion, else let it challenge or leave it at that.

    Raises:
        TooFewLeads: fewer than `MINIMUM_LEADS` leads have a known outcome, or all have the same.
    """
    frame = read_features(platform)
    labelled = mature(frame)
    if labelled.height < MINIMUM_LEADS or labelled[LABEL].n_unique() < 2:
        raise TooFewLeads(
            f"{labelled.height} leads have a known outcome; a model needs {MINIMUM_LEADS}, some won and some not",
            hint="wait until more leads are 90 days old, or import past leads with `tekup import`",
        )
    known, held_out = split_late(labelled)
    apart, words = read_apart(platform), read_words(platform)

    def learn(rows: pl.DataFrame, trainer: Trainer | None) -> LeadModel:
        return scoring.train(
            weigh(rows, words),
            label=LABEL,
            time=TIME,
            tenant=TENANT,
            apart=apart,
            weight=WEIGHT,
            drop=dropped(rows),
            seed=seed,
            trainer=trainer,
        )

    # trees are grown outside the interpreter's lock
    with platform.trainer() as trainer, ThreadPoolExecutor(2) as pool:
        probe, model = pool.map(learn, (known, labelled), (trainer, trainer))
    model, value_version, by_value = grade_by_value(platform, model, frame)
    told = _provenance(frame, labelled, words, seed)
    told |= {"value_version": value_version, "graded_by_value": len(by_value)}
    model = replace(model, metrics={**model.metrics, "groups": model_report.groups_of(probe, held_out)})
    version = platform.registry.publish(model, provenance=told, probe=probe)
    metrics = scoring.evaluate(probe, held_out, label=LABEL)
    decision = judge(platform, probe, held_out)
    card = platform.registry.card(version)
    model_records.record_version(
        platform, version, metrics=metrics, provenance=told, decision=decision.to_json(), card=card
    )
    model_report.record(platform, version, probe, held_out)
    model_records.record_quality(platform, version, _quality_by_tenant(probe, known, held_out))
    scores = probe.score(held_out, reasons=0)["probability"].to_list()
    model_records.record_teaching(platform, version, frame, words, held_out, scores, model)
    _place(platform, version, decision, by)
    platform.registry.prune()
    model_records.record_history(platform, platform.registry)
    return Trained(version, metrics, labelled.height, decision)


def judge(platform: Platform, probe: LeadModel, held_out: pl.DataFrame) -> Decision:
    """The candidate's probe against the champion's, on leads that neither was taught."""
    champion = platform.registry.live_version()
    if champion is None:
        return _uncontested("there is no champion yet")
    champion_probe = platform.registry.load_probe(champion)
    if champion_probe is None:
        return _uncontested("the champion has no probe to be judged by")
    unseen = model_records.unseen_by(platform, champion, held_out)
    try:
        before = champion_probe.score(unseen, reasons=0)["probability"].to_numpy()
        champion_ms = _milliseconds(champion_probe, unseen)
    except TekupError as error:
        return _uncontested(f"the champion can't score today's features: {error.what}")
    return decide(
        Evidence(
            unseen[LABEL].cast(pl.Float64).to_numpy(),
            before,
            probe.score(unseen, reasons=0)["probability"].to_numpy(),
            {name: unseen[name].cast(pl.String).fill_null("unknown").to_numpy() for name in SLICES if name in unseen},
            champion_ms,
            _milliseconds(probe, unseen),
        )
    )


def _uncontested(why: str) -> Decision:
    return Decision("promote", (Finding("quality", True, None, None, why),))


def _milliseconds(model: LeadModel, rows: pl.DataFrame) -> float | None:
    """The median time to score one lead with its reasons, as a request does."""
    leads = rows.head(_TIMED_LEADS).rows(named=True)
    times = []
    for lead in leads:
        started = time.perf_counter()
        model.score_one(lead)
        times.append(1000 * (time.perf_counter() - started))
    return median(times) if times else None


def _place(platform: Platform, version: str, decision: Decision, by: str) -> None:
    registry = platform.registry
    if decision.outcome == "promote":
        registry.promote(version, by=by, why=decision.why)
        if registry.challenger_version() is not None:
            registry.dismiss(by=by, why=f"{version} became the champion")
    elif decision.outcome == "challenge":
        current = registry.challenger_version()
        if current is None or _age(registry.provenance(current)) > timedelta(days=CHALLENGE_DAYS):
            registry.challenge(version, by=by, why=decision.why)


def _age(told: Mapping[str, Any]) -> timedelta:
    return utc_now() - datetime.fromisoformat(told["published_at"])


def _provenance(frame: pl.DataFrame, labelled: pl.DataFrame, words: pl.DataFrame, seed: int) -> dict[str, Any]:
    """What the version is made of. Each tenant's own snapshot is told in `ml.model_teaching`, under its policy."""
    return {
        "code": provenance.code(),
        "snapshot": {
            "dataset": "lake/lead_features",
            "sha256": provenance.snapshot_hash(frame),
            "feedback_sha256": provenance.snapshot_hash(words.sort(TENANT, LEAD)),
            "lead_count": frame.height,
            "labelled_count": labelled.height,
            "tenant_count": frame[TENANT].n_unique(),
            "newest_lead_at": str(frame[TIME].max()),
            "columns": [name for name in frame.columns if name not in (TENANT, LEAD)],
        },
        "seed": seed,
    }


def _quality_by_tenant(
    probe: LeadModel, known: pl.DataFrame, held_out: pl.DataFrame
) -> dict[str, tuple[int, dict[str, float], dict[str, float]]]:
    """Quality on the latest leads of each tenant with enough of them, beside naive Bayes from its own earlier ones."""
    figures = {}
    for (tenant_id,), rows in held_out.group_by(TENANT):
        if rows.height < MINIMUM_TENANT_LEADS or rows[LABEL].n_unique() < 2:
            continue
        own = known.filter(pl.col(TENANT) == tenant_id)
        figures[str(tenant_id)] = (rows.height, scoring.evaluate(probe, rows, label=LABEL), _baseline(own, rows))
    return figures


def _baseline(known: pl.DataFrame, rows: pl.DataFrame) -> dict[str, float]:
    """What frequency naive Bayes, learned from the tenant's own earlier leads, reaches on the same rows."""
    if known.height < MINIMUM_TENANT_LEADS or known[LABEL].n_unique() < 2:
        return {}
    drop = [*dropped(rows), TENANT, TIME]
    return scoring.baseline(known.drop(drop), LABEL, test=rows.drop(drop))
