"""Routes of scores."""

from uuid import UUID

from fastapi import APIRouter, Request

from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage
from serving.scores import service as score_service
from serving.scores.auth import ScoreMaker, ScoreReader
from serving.scores.schemas import BatchAnswer, BatchRequest, Score, ScoreRequest
from serving.scores.service import ScoreDesk

router = APIRouter(tags=["scores"])


def _desk(request: Request) -> ScoreDesk:
    desk: ScoreDesk = request.app.state.score_desk
    return desk


@router.post("/v1/scores")
async def score_lead(
    request: Request, subject: ScoreMaker, databases: AppDatabases, language: RequestLanguage, body: ScoreRequest
) -> Score:
    """Score one lead now, by its `lead_id` or by `features`, with the strongest reasons.

    By id the features come from the same table as in training; a lead newer than the last build is scored from its
    own fields, and `features_from` says so. A feature name that the model does not know is refused, one that is left
    out counts as unknown. The contributions of all features add up to the probability less the model's base; each
    reason is also told as a sentence, in Danish or English.
    """
    return await score_service.score_lead(_desk(request), databases, subject, body, language)


@router.post("/v1/scores/batch")
async def score_leads(
    request: Request, subject: ScoreMaker, databases: AppDatabases, language: RequestLanguage, body: BatchRequest
) -> BatchAnswer:
    """Score up to 10,000 leads, in the order of the request.

    An id that does not exist gets an `error` in its line; features that can't be used refuse the whole batch.
    """
    return await score_service.score_leads(_desk(request), databases, subject, body, language)


@router.get("/v1/leads/{lead_id}/score")
async def get_score(
    request: Request, subject: ScoreReader, databases: AppDatabases, language: RequestLanguage, lead_id: UUID
) -> Score:
    """The lead's score of the last batch; a lead that no batch has seen is scored now."""
    return await score_service.get_score(_desk(request), databases, subject, lead_id, language)
