"""Scoring leads by id or by features with the live model. SQL is the repository's, HTTP the endpoints'."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import polars as pl
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from scoring.schema import TEXTUAL, scalar_text
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.metrics import Metrics
from serving.kit.problems import Problem, not_found
from serving.leads import service as lead_service
from serving.outbox import emit_many
from serving.scores.live_model import LiveModel, LoadedModel
from serving.scores.repository import GivenScoreRepository, ScoreRepository
from serving.scores.schemas import (
    BatchAnswer,
    BatchRequest,
    BatchScore,
    FeaturesFrom,
    LeadToScore,
    Reason,
    Score,
    ScoreRequest,
)
from tekup.clock import utc_now
from tekup.contracts.events import LeadScored
from tekup.language import Language
from tekup.reasons import say_reason

BATCHES_AT_ONCE = 2
SMALL_BATCH = 20
"""Up to this many leads are scored on the event loop: a hop to a thread costs more."""
REASONS_KEPT = 5
_MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Known:
    """The features of one lead and where they came from."""

    features: Mapping[str, Any]
    source: FeaturesFrom


class ScoreDesk:
    """The live model, the counters, and turns for large batches."""

    def __init__(self, live_model: LiveModel, metrics: Metrics) -> None:
        self.live_model, self.metrics = live_model, metrics
        self.turn = asyncio.Semaphore(BATCHES_AT_ONCE)


async def score_lead(
    desk: ScoreDesk, databases: Databases, subject: Subject, body: ScoreRequest, language: Language
) -> Score:
    """Score one lead now.

    Raises:
        Problem: 404 no such lead, 422 a feature can't be used, 503 no model.
    """
    loaded = await desk.live_model.current()
    _check_features(loaded, [body], "")
    known = (await _gather(databases, subject, loaded, [body]))[0]
    if known is None:
        raise not_found("lead")
    desk.metrics.note_scores("one")
    score = _score_one(loaded, subject.tenant_id, body.lead_id, known, body.reasons, language)
    await _keep(databases, subject, loaded, [(known, score)])
    return score


async def get_score(
    desk: ScoreDesk, databases: Databases, subject: Subject, lead_id: UUID, language: Language
) -> Score:
    """The stored score of a lead, or one made now.

    Raises:
        Problem: 404 no such lead, 503 no model for a lead without a stored score.
    """
    if lead_id not in await lead_service.find_facts(databases, subject, [lead_id]):
        raise not_found("lead")
    stored = await find_stored(databases, subject, lead_id)
    if stored is None:
        return await score_lead(desk, databases, subject, ScoreRequest(lead_id=lead_id), language)
    desk.metrics.note_scores("stored")
    return _stored(stored, language)


async def get_stored(
    databases: Databases, subject: Subject, lead_ids: Sequence[UUID], language: Language
) -> dict[UUID, Score]:
    """The scores of the last batch of those of these leads that the subject may see, as many as were scored."""
    visible = await lead_service.find_facts(databases, subject, lead_ids)
    if not visible:
        return {}
    async with databases.warehouse(subject.context) as session:
        rows = await ScoreRepository(session, subject.tenant_id).find_many_stored(list(visible))
    return {row.lead_id: _stored(row, language) for row in rows}


async def find_stored(databases: Databases, subject: Subject, lead_id: UUID) -> Row[Any] | None:
    """The lead's score of the last batch, None where no batch has seen it."""
    async with databases.warehouse(subject.context) as session:
        return await ScoreRepository(session, subject.tenant_id).find_stored(lead_id)


def _stored(stored: Row[Any], language: Language) -> Score:
    return Score(
        lead_id=stored.lead_id,
        probability=stored.probability,
        grade=stored.grade,
        probability_low=stored.probability_low,
        probability_high=stored.probability_high,
        has_enough_data=stored.has_enough_data,
        is_out_of_distribution=stored.is_out_of_distribution,
        expected_value_cents=stored.expected_value_cents,
        reasons=[_told(**reason, language=language) for reason in stored.reasons],
        model_version=stored.model_version,
        scored_at=stored.scored_at,
    )


async def score_leads(
    desk: ScoreDesk, databases: Databases, subject: Subject, body: BatchRequest, language: Language
) -> BatchAnswer:
    """Score many leads, in order.

    Raises:
        Problem: 422 a feature can't be used, 503 no model.
    """
    loaded = await desk.live_model.current()
    _check_features(loaded, body.leads, "/leads/{}")
    known = await _gather(databases, subject, loaded, body.leads)
    present = [k.features for k in known if k is not None]
    if len(present) <= SMALL_BATCH:
        scored = _score_many(loaded, subject.tenant_id, present, body.reasons, language)
    else:
        async with desk.turn:
            scored = await asyncio.to_thread(_score_many, loaded, subject.tenant_id, present, body.reasons, language)
    desk.metrics.note_scores("batch", len(present))
    rows = iter(scored)
    answers = [
        BatchScore(lead_id=lead.lead_id, error="no such lead")
        if k is None
        else BatchScore.model_construct(lead_id=lead.lead_id, features_from=k.source, error=None, **next(rows))
        for lead, k in zip(body.leads, known, strict=True)
    ]
    await _keep(databases, subject, loaded, [(k, a) for k, a in zip(known, answers, strict=True) if k is not None])
    return BatchAnswer.model_construct(scores=answers, model_version=loaded.version, scored_at=utc_now())


async def score_arrival(
    desk: ScoreDesk, databases: Databases, session: AsyncSession, subject: Subject, lead_id: UUID
) -> bool:
    """Score a lead that has just arrived, in the caller's transaction; whether there was a model and a lead."""
    try:
        loaded = await desk.live_model.current()
    except Problem:
        return False
    known = (await _gather(databases, subject, loaded, [ScoreRequest(lead_id=lead_id)]))[0]
    if known is None:
        return False
    score = _score_one(loaded, subject.tenant_id, lead_id, known, REASONS_KEPT, Language.EN)
    await _keep_in(session, subject, _kept(subject, loaded, [(known, score)]), "arrival")
    return True


async def _keep(
    databases: Databases, subject: Subject, loaded: LoadedModel, given: Sequence[tuple[Known, Score | BatchScore]]
) -> None:
    """Keep what was said of people we know, so that they can ask why; features sent without a lead name nobody."""
    rows = _kept(subject, loaded, given)
    if rows:
        async with databases.operational(subject.context, read_only=False) as session:
            await _keep_in(session, subject, rows, "request")


def _kept(
    subject: Subject, loaded: LoadedModel, given: Sequence[tuple[Known, Score | BatchScore]]
) -> list[dict[str, Any]]:
    base = loaded.model.base_probability(str(subject.tenant_id))
    return [
        {
            "lead_id": score.lead_id,
            "model_version": loaded.version,
            "probability": score.probability,
            "base_probability": base,
            "grade": score.grade,
            "reasons": [reason.model_dump(exclude={"sentence"}) for reason in score.reasons],
            "features": {name: known.features.get(name) for name in loaded.model.features},
            "features_from": known.source,
            "asked_by": subject.id,
        }
        for known, score in given
        if score.lead_id is not None
    ]


async def _keep_in(
    session: AsyncSession, subject: Subject, rows: Sequence[Mapping[str, Any]], occasion: Literal["arrival", "request"]
) -> None:
    await GivenScoreRepository(session, subject.tenant_id).keep(rows)
    told = [
        LeadScored(**{name: row[name] for name in LeadScored.model_fields if name != "occasion"}, occasion=occasion)
        for row in rows
    ]
    await emit_many(session, subject.tenant_id, ((one, one.lead_id) for one in told))


async def _gather(
    databases: Databases, subject: Subject, loaded: LoadedModel, leads: Sequence[LeadToScore]
) -> list[Known | None]:
    """What is known of each lead; None for an id that the tenant does not have."""
    ids = list({lead.lead_id for lead in leads if lead.lead_id is not None})
    built: dict[UUID, Mapping[str, Any]] = {}
    facts: dict[UUID, Mapping[str, Any]] = {}
    if ids:
        # the operational row decides whether the lead exists: a deleted one lingers in the mart until the next pull
        facts = await lead_service.find_facts(databases, subject, ids)
        async with databases.warehouse(subject.context) as session:
            built = await ScoreRepository(session, subject.tenant_id).features_of(list(facts), loaded.model.features)
    known: list[Known | None] = []
    for lead in leads:
        if lead.features is not None:
            known.append(Known(lead.features, "request"))
        elif lead.lead_id in built:
            known.append(Known(_plain(built[lead.lead_id]), "mart"))
        elif lead.lead_id in facts:
            known.append(Known(_features_of_new_lead(facts[lead.lead_id]), "lead"))
        else:
            known.append(None)
    return known


def _plain(features: Mapping[str, Any]) -> dict[str, Any]:
    """Features as the model takes them, without the lead's id."""
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in features.items()
        if name != "lead_id"
    }


def _features_of_new_lead(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The features of `marts.ftr_lead` that a lead's own row decides alone; the others stay unknown."""
    text = {name: facts[name] or "unknown" for name in ("landing_page", "industry")}
    return {
        **text,
        "source": facts["source"],
        "country": (facts["country"] or "unknown").upper() if facts["country"] else "unknown",
        "language": (facts["language"] or "unknown").lower(),
        "employee_count": facts["employee_count"],
        "has_marketing_consent": facts["has_marketing_consent"],
        "job_title_length": len((facts["job_title"] or "").strip(" ")),
        "message_length": len((facts["message"] or "").strip(" ")),
        "has_email": facts["email"] is not None,
        "has_company": facts["company_id"] is not None or facts["company_name"] is not None,
        "has_campaign": facts["campaign_id"] is not None,
    }


def _check_features(loaded: LoadedModel, leads: Sequence[LeadToScore], where: str) -> None:
    """Refuse features that the model does not know or whose type it can't read, each named."""
    kinds = {feature.name: feature.kind for feature in loaded.model.schema.features}
    faults: list[dict[str, str]] = []
    for position, lead in enumerate(leads):
        for name, value in (lead.features or {}).items():
            fault = None
            if name not in loaded.known:
                fault = "the model has no such feature"
            elif kinds.get(name, "categorical") not in TEXTUAL and isinstance(value, str):
                fault = "must be a number" if kinds[name] == "numeric" else "must be true or false"
            if fault:
                escaped = name.replace("~", "~0").replace("/", "~1")
                faults.append({"pointer": f"{where.format(position)}/features/{escaped}", "detail": fault})
                if len(faults) == _MOST_FAULTS:
                    break
        if len(faults) == _MOST_FAULTS:
            break
    if faults:
        raise Problem(
            422,
            "unusable-input",
            "the request can't be used",
            hint=f"the model knows: {', '.join(loaded.model.features)}",
            errors=faults,
        )


def _score_one(
    loaded: LoadedModel, tenant_id: UUID, lead_id: UUID | None, known: Known, reasons: int, language: Language
) -> Score:
    names = loaded.model.features
    features = {name: known.features.get(name) for name in names}
    score = loaded.model.score_one(features, reasons=reasons, tenant=str(tenant_id))
    now: datetime = utc_now()
    return Score.model_construct(
        lead_id=lead_id,
        probability=score.probability,
        grade=score.grade,
        probability_low=score.probability_low,
        probability_high=score.probability_high,
        has_enough_data=score.has_enough_data,
        is_out_of_distribution=score.is_out_of_distribution,
        expected_value_cents=None if score.expected_value is None else round(score.expected_value),
        reasons=[_told(r.feature, r.value, r.contribution, language) for r in score.reasons],
        model_version=loaded.version,
        features_from=known.source,
        scored_at=now,
    )


def _score_many(
    loaded: LoadedModel, tenant_id: UUID, leads: Sequence[Mapping[str, Any]], reasons: int, language: Language
) -> list[dict[str, Any]]:
    """Score through one frame; the columns are typed as the model was trained."""
    if not leads:
        return []
    columns: dict[str, pl.Series] = {}
    for feature in loaded.model.schema.features:
        values = [lead.get(feature.name) for lead in leads]
        if feature.kind in TEXTUAL:
            text = [v if v is None or isinstance(v, str) else scalar_text(v) for v in values]
            columns[feature.name] = pl.Series(feature.name, text, dtype=pl.String)
        else:
            columns[feature.name] = pl.Series(
                feature.name, [None if v is None else float(v) for v in values], dtype=pl.Float64
            )
    scored = loaded.model.score(pl.DataFrame(columns), reasons=reasons, tenant=str(tenant_id), threads=1)
    rows = scored.to_dicts()
    for row in rows:
        worth = row.pop("expected_value")
        row["expected_value_cents"] = None if worth is None else round(worth)
        row["reasons"] = [_told(**reason, language=language) for reason in row["reasons"]]
    return rows


def _told(feature: str, value: str | None, contribution: float, language: Language) -> Reason:
    """A reason with its sentence; what is kept of it is without, since whoever asks later may speak another tongue."""
    return Reason.model_construct(
        feature=feature,
        value=value,
        contribution=contribution,
        sentence=say_reason(feature, value, contribution, language),
    )
