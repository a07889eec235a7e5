"""Watches the live lead model on each tenant's leads, and the challenger on outcomes. The tests are `scoring`'s.

Each lead is looked at once. What a look found is a row of `ml.model_drift`; a detector that alarms asks for a training,
whose model must beat the champion like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
import polars as pl

from pipelines.models import model_records
from pipelines.models.lead_features import LABEL, LEAD, TIME
from pipelines.resources.frames import read_tenant_frame
from pipelines.resources.platform import Platform
from scoring import drift, outcomes
from scoring.promotion import Decision, Evidence, decide

Subject = Literal["feature", "score", "calibration"]
SUBJECTS: tuple[Subject, ...] = ("feature", "score", "calibration")
LEAST_BATCH = 100
MOST_BATCH = 5_000
"""A look takes its newest leads up to here: more would find shifts that matter to nobody."""
LEAST_SHADOW = 200
ALL = "(all)"
_REFERENCES = "select subject, name, bins from ml.model_reference where model_version = %s"
_LOOKS = """
select distinct on (subject) subject, looked_until, evidence, is_drifting from ml.model_drift
where model_version = %s and name = '(all)' order by subject, looked_until desc
"""
_FRESH_SCORES = """
select lead_id, model_version, probability, scored_at from ml.lead_score_history where is_fresh
"""
_SHADOWS = "select lead_id, model_version, probability, scored_at from ml.lead_score_shadow"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A detector that alarmed, and the features it is about (none for scores and calibration)."""

    tenant: str
    subject: Subject
    looked_until: datetime
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was looked at and found: looks taken, alarms, and what was decided of the challenger."""

    looks: int
    alarms: tuple[Alarm, ...]
    decision: Decision | None


def watch(platform: Platform) -> Watched:
    """Look at what arrived and what matured since the last look, tenant by tenant; then at the challenger."""
    version = platform.registry.live_version()
    if version is None:
        return Watched(0, (), None)
    challenger = platform.registry.challenger_version()
    alarms: list[Alarm] = []
    looks = 0
    pairs: list[pl.DataFrame] = []
    for tenant in platform.tenants():
        frame = platform.lake.read(tenant.id, "lead_features")
        if frame is None or frame.is_empty():
            continue
        realised = _realise(platform, tenant.id, frame)
        _store_outcomes(platform, tenant.id, realised)
        taken, found = _look(platform, tenant.id, tenant.domain, version, frame, realised)
        looks += taken
        alarms += found
        if challenger is not None:
            pairs.append(_pair(realised, version, challenger).with_columns(pl.lit(str(tenant.id)).alias("tenant")))
    decision = _judge_challenger(platform, challenger, pairs)
    return Watched(looks, tuple(alarms), decision)


def _realise(platform: Platform, tenant_id: UUID, frame: pl.DataFrame) -> pl.DataFrame:
    """Scores that live models and challengers gave to new leads, with the outcome that came."""
    given = [read_tenant_frame(platform.doors, tenant_id, query) for query in (_FRESH_SCORES, _SHADOWS)]
    return outcomes.realise(pl.concat(given), frame, lead_id=LEAD, label=LABEL, time=TIME)


def _store_outcomes(platform: Platform, tenant_id: UUID, realised: pl.DataFrame) -> None:
    rows = []
    for (version,), own in realised.group_by("model_version"):
        for metric, value in outcomes.judge(own, label=LABEL).items():
            rows.append((tenant_id, version, metric, value, own.height, int(own[LABEL].sum()), own[TIME].max()))
    with platform.warehouse(tenant_id) as connection:
        connection.cursor().executemany(
            "insert into ml.model_outcome (tenant_id, model_version, metric, value, lead_count, won_count, "
            "matured_until) values (%s, %s, %s, %s, %s, %s, %s) "
            "on conflict (tenant_id, model_version, metric) do update "
            "set value = excluded.value, lead_count = excluded.lead_count, won_count = excluded.won_count, "
            "matured_until = excluded.matured_until, measured_at = now() "
            "where model_outcome.lead_count is distinct from excluded.lead_count "
            "or model_outcome.value is distinct from excluded.value",
            rows,
        )


def _look(
    platform: Platform, tenant_id: UUID, domain: str, version: str, frame: pl.DataFrame, realised: pl.DataFrame
) -> tuple[int, list[Alarm]]:
    """One look at each subject that has enough new leads; how many looks, and the alarms."""
    with platform.warehouse(tenant_id, read_only=True) as connection:
        stored = connection.execute(_REFERENCES, (version,)).fetchall()
        last = {row[0]: row[1:] for row in connection.execute(_LOOKS, (version,)).fetchall()}
        taught = connection.execute(
            "select newest_lead_at from ml.model_teaching where model_version = %s", (version,)
        ).fetchone()
    if taught is None:
        return 0, []
    references = {subject: {name: bins for s, name, bins in stored if s == subject} for subject in SUBJECTS}
    scores = read_tenant_frame(
        platform.doors, tenant_id, "select lead_id, model_version, probability from ml.lead_score"
    ).filter(model_version=version)
    scored = frame.join(scores.select(LEAD, "probability"), on=LEAD)
    judged = realised.filter(model_version=version)
    looks, alarms = 0, []
    for subject, rows in (("feature", frame), ("score", scored), ("calibration", judged)):
        since, evidence, alarmed = last.get(subject, (taught[0] if subject != "calibration" else None, 0.0, False))
        new = rows.sort(TIME) if since is None else rows.filter(pl.col(TIME) > since).sort(TIME)
        if new.height < LEAST_BATCH or not references[subject]:  # type: ignore[index]
            continue
        seen = _see(subject, references[subject], new.tail(MOST_BATCH))  # type: ignore[index, arg-type]
        until = new[TIME].max()
        total = drift.add_evidence(0.0 if alarmed else evidence, [look.p_value for _, look, _, _ in seen])
        is_alarm = total >= drift.RUN_LENGTH
        _store_look(platform, tenant_id, version, subject, until, seen, total, is_alarm)
        looks += 1
        if is_alarm:
            names = tuple(name for name, _, _, named in seen if named)
            alarms.append(Alarm(domain, subject, until, names))  # type: ignore[arg-type]
    return looks, alarms


Seen = tuple[str, drift.Look, float, bool]
"""A thing's name, how it lies, its q-value, and whether it is told to have drifted."""


def _see(subject: Subject, references: dict[str, Any], rows: pl.DataFrame) -> list[Seen]:
    if subject == "feature":
        looks = {name: drift.compare(bins, rows[name]) for name, bins in references.items() if name in rows.columns}
        adjusted = drift.adjust([look.p_value for look in looks.values()])
        return [
            (name, look, q, drift.is_named(look, q)) for (name, look), q in zip(looks.items(), adjusted, strict=True)
        ]
    name, bins = next(iter(references.items()))
    probability = rows["probability"].to_numpy()
    if subject == "score":
        look = drift.compare_scores(bins, probability)
    else:
        look = drift.compare_calibration(bins, rows[LABEL].cast(pl.Float64).to_numpy(), probability)
    return [(name, look, look.p_value, look.p_value <= drift.FALSE_DISCOVERIES)]


def _store_look(
    platform: Platform,
    tenant_id: UUID,
    version: str,
    subject: str,
    until: object,
    seen: Sequence[Seen],
    evidence: float,
    is_alarm: bool,
) -> None:
    rows: list[tuple[object, ...]] = [
        (name, look.rows, look.psi, look.p_value, q, None, named) for name, look, q, named in seen
    ]
    most = max((look.rows for _, look, _, _ in seen), default=0)
    rows.append((ALL, most, None, None, None, evidence, is_alarm))
    with platform.warehouse(tenant_id) as connection:
        connection.cursor().executemany(
            "insert into ml.model_drift (tenant_id, model_version, subject, looked_until, name, row_count, psi, "
            "p_value, q_value, evidence, is_drifting) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
            "on conflict do nothing",
            [(tenant_id, version, subject, until, *row) for row in rows],
        )


def _pair(realised: pl.DataFrame, champion: str, challenger: str) -> pl.DataFrame:
    """Leads that both scored while they were new: outcome and both probabilities."""
    ours, theirs = realised.filter(model_version=champion), realised.filter(model_version=challenger)
    return ours.select(LEAD, TIME, pl.col(LABEL).cast(pl.Float64), pl.col("probability").alias("champion")).join(
        theirs.select(LEAD, pl.col("probability").alias("candidate")), on=LEAD
    )


def _judge_challenger(platform: Platform, challenger: str | None, pairs: Sequence[pl.DataFrame]) -> Decision | None:
    """Promote or dismiss the challenger once its shadow says so; the bounds hold however often this is asked."""
    if challenger is None or not pairs:
        return None
    rows = pl.concat(pairs).sort(TIME)
    if rows.height < LEAST_SHADOW:
        return None
    arrays = {name: rows[name].to_numpy() for name in (LABEL, "champion", "candidate")}
    evidence = Evidence(
        arrays[LABEL], arrays["champion"], arrays["candidate"], {"tenant": np.asarray(rows["tenant"].to_list())}
    )
    decision = decide(evidence, anytime=True)
    if decision.outcome == "promote":
        platform.registry.promote(challenger, by="shadow", why=decision.why)
    elif decision.outcome == "reject":
        platform.registry.dismiss(by="shadow", why=decision.why)
    if decision.outcome != "challenge":
        model_records.record_history(platform, platform.registry)
    return decision
