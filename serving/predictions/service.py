"""Reads predictions of the last nightly batch. SQL is the repository's, HTTP the endpoints'."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from serving.auth.subject import Subject
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import not_found
from serving.leads import service as lead_service
from serving.predictions.repository import PredictionRepository
from serving.predictions.schemas import ChurnPage, ChurnPrediction, ChurnQuery, LeadPrediction, PredictionReason
from tekup.language import Language
from tekup.reasons import say_reason


async def get_lead_predictions(databases: Databases, subject: Subject, lead_id: UUID) -> LeadPrediction:
    """What is predicted of a lead.

    Raises:
        Problem: 404 no such lead.
    """
    if lead_id not in await lead_service.find_facts(databases, subject, [lead_id]):
        raise not_found("lead")
    async with databases.warehouse(subject.context) as session:
        row = await PredictionRepository(session, subject.tenant_id).of_lead(lead_id)
    if row is None:
        return LeadPrediction(lead_id=lead_id)
    return LeadPrediction(**{name: getattr(row, name) for name in LeadPrediction.model_fields})


async def list_churn(
    databases: Databases, subject: Subject, query: ChurnQuery, language: Language, cursors: CursorSigner
) -> ChurnPage:
    """One page of subscriptions, the most endangered first."""
    after = None
    if query.cursor is not None:
        probability, subscription_id = cursors.open(subject.tenant_id, query.question, query.cursor)
        after = (float(probability), str(subscription_id))
    async with databases.warehouse(subject.context) as session:
        rows = await PredictionRepository(session, subject.tenant_id).churn_page(
            customer_id=query.customer_id, least=query.min_probability, after=after, limit=query.limit + 1
        )
    shown = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        last = [shown[-1].probability, shown[-1].subscription_id]
        cursor = cursors.make(subject.tenant_id, query.question, last)
    return ChurnPage(items=[_churn(row, language) for row in shown], next_cursor=cursor)


def _churn(row: Row[Any], language: Language) -> ChurnPrediction:
    facts = {name: getattr(row, name) for name in ChurnPrediction.model_fields if name != "reasons"}
    reasons = [
        PredictionReason(
            **reason, sentence=say_reason(reason["feature"], reason["value"], reason["contribution"], language)
        )
        for reason in row.reasons
    ]
    return ChurnPrediction(**facts, reasons=reasons)
