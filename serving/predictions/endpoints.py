"""Routes of predictions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage
from serving.predictions import service as prediction_service
from serving.predictions.auth import PredictionReader
from serving.predictions.schemas import ChurnPage, ChurnQuery, LeadPrediction

router = APIRouter(tags=["predictions"])


@router.get("/v1/leads/{lead_id}/predictions")
async def get_lead_predictions(subject: PredictionReader, databases: AppDatabases, lead_id: UUID) -> LeadPrediction:
    """What a deal with the lead is worth if it is won, and by when it is won, as of the last nightly batch.

    Everything is null for a lead that no batch has seen, or as long as no model of that kind is live.
    """
    return await prediction_service.get_lead_predictions(databases, subject, lead_id)


@router.get("/v1/churn-predictions")
async def list_churn_predictions(
    request: Request,
    subject: PredictionReader,
    databases: AppDatabases,
    language: RequestLanguage,
    query: Annotated[ChurnQuery, Query()],
) -> ChurnPage:
    """Running subscriptions by the chance that they end within 90 days, the most endangered first, with reasons.

    `customer_id` asks for one customer's, `min_probability` for those in danger. Page with `next_cursor`; a cursor is
    good only for the same filters. The list is empty as long as no churn model is live.
    """
    return await prediction_service.list_churn(databases, subject, query, language, request.app.state.cursors)
