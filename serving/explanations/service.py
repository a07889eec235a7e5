"""Puts together what is kept of a lead's scores, and takes feedback in. SQL is the repository's."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.auth.subject import Subject
from serving.explanations.repository import MOST_SCORES, FeedbackRepository, HistoryRepository
from serving.explanations.schemas import ExplainedReason, ExplainedScore, Explanation, Feedback, FeedbackCreate
from serving.kit.databases import Databases
from serving.kit.problems import not_found
from serving.leads import service as lead_service
from serving.outbox import emit
from serving.scores import service as score_service
from tekup.contracts.events import LeadFeedbackGiven
from tekup.language import Language
from tekup.reasons import say_reason


async def explain(databases: Databases, subject: Subject, lead_id: UUID, language: Language) -> Explanation:
    """Every kept score of a lead with its inputs and reasons.

    Raises:
        Problem: 404 no such lead.
    """
    if lead_id not in await lead_service.find_facts(databases, subject, [lead_id]):
        raise not_found("lead")
    async with databases.operational(subject.context) as session:
        operational = FeedbackRepository(session, subject.tenant_id)
        given, said = await operational.given(lead_id), await operational.feedback_on(lead_id)
    async with databases.warehouse(subject.context) as session:
        warehouse = HistoryRepository(session, subject.tenant_id)
        history, inputs = await warehouse.history(lead_id), await warehouse.inputs(lead_id)
    scores = [
        *(_explained(row, row.scored_at, "batch", inputs.get(row.input_hash), language) for row in history),
        *(_explained(row, row.given_at, "api", row.features, language) for row in given),
    ]
    newest = sorted(scores, key=lambda score: score.scored_at, reverse=True)[:MOST_SCORES]
    return Explanation(lead_id=lead_id, scores=newest, feedback=_feedback(said))


async def take_feedback(databases: Databases, subject: Subject, body: FeedbackCreate) -> Feedback:
    """Store feedback on a lead's current score.

    Raises:
        Problem: 404 no such lead.
    """
    if body.lead_id not in await lead_service.find_facts(databases, subject, [body.lead_id]):
        raise not_found("lead")
    current = await score_service.find_stored(databases, subject, body.lead_id)
    values = {
        **body.model_dump(),
        "model_version": None if current is None else current.model_version,
        "probability": None if current is None else current.probability,
        "given_by": subject.id,
    }
    async with databases.operational(subject.context, read_only=False) as session:
        row = await FeedbackRepository(session, subject.tenant_id).add(values)
        given = LeadFeedbackGiven(
            lead_id=row.lead_id, feedback_id=row.id, verdict=row.verdict, model_version=row.model_version
        )
        await emit(session, subject.tenant_id, given, row.lead_id)
    return _feedback([row])[0]


def _explained(
    row: Row[Any], scored_at: Any, given_by: Any, features: Mapping[str, Any] | None, language: Language
) -> ExplainedScore:
    reasons = [
        ExplainedReason(
            **reason, sentence=say_reason(reason["feature"], reason["value"], reason["contribution"], language)
        )
        for reason in row.reasons or []
    ]
    return ExplainedScore(
        scored_at=scored_at,
        given_by=given_by,
        model_version=row.model_version,
        probability=row.probability,
        base_probability=row.base_probability,
        grade=row.grade,
        reasons=reasons,
        features=None if features is None else dict(features),
    )


def _feedback(rows: Sequence[Row[Any]]) -> list[Feedback]:
    return [Feedback(**{name: getattr(row, name) for name in Feedback.model_fields}) for row in rows]
